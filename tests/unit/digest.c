/* SPDX-License-Identifier: Apache-2.0 */
#include "hash/digest.h"
#include "hash/digest_map.h"

#include <string.h>

#include "base/str.h"
#include "tap.h"

/* FIPS 180-4's examples, from NIST; the one of a million "a" comes below. */
static const struct {
	const char *text;
	const char *hex;
} sha256s[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb924"
	      "27ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223"
		 "b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
	  "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
	  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" }
};

/* RFC 1321, A.5. */
static const struct {
	const char *text;
	const char *hex;
} md5s[] = {
	{ "", "d41d8cd98f00b204e9800998ecf8427e" },
	{ "a", "0cc175b9c0f1b6a831c399e269772661" },
	{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
	{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
	{ "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
	{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
	  "d174ab98d277d9f5a5611c2c9f419d9f" },
	{ "1234567890123456789012345678901234567890"
	  "1234567890123456789012345678901234567890",
	  "57edf4a22be3c955ac49da2e2107b67a" }
};

/* RFC 4231, 4.2 to 4.8; the code of the fifth is cut to 128 bits there. */
static const struct {
	struct str key;
	struct str text;
	const char *hex;
} hmacs[] = {
	{ { "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
	    "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", 20 },
	  { "Hi There", 8 },
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ { "Jefe", 4 },
	  { "what do ya want for nothing?", 28 },
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ { "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
	    "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa", 20 },
	  { "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
	    "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
	    "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
	    "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
	    "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd", 50 },
	  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
	{ { "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d"
	    "\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19", 25 },
	  { "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
	    "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
	    "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
	    "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
	    "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd", 50 },
	  "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
	{ { "\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c"
	    "\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c", 20 },
	  { "Test With Truncation", 20 },
	  "a3b6167473100ee06e0c796c2955552b" }
};

/* The last two have a key of 131 bytes 0xaa. */
static const struct {
	const char *text;
	const char *hex;
} long_hmacs[] = {
	{ "Test Using Larger Than Block-Size Key - Hash Key First",
	  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	{ "This is a test using a larger than block-size key and a larger "
	  "than block-size data. The key needs to be hashed before being "
	  "used by the HMAC algorithm.",
	  "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" }
};

/* RFC 4648, section 10. */
static const struct {
	const char *text;
	const char *base64;
	const char *hex;
} written[] = {
	{ "", "", "" },
	{ "f", "Zg==", "66" },
	{ "fo", "Zm8=", "666f" },
	{ "foo", "Zm9v", "666f6f" },
	{ "foob", "Zm9vYg==", "666f6f62" },
	{ "fooba", "Zm9vYmE=", "666f6f6261" },
	{ "foobar", "Zm9vYmFy", "666f6f626172" },
	{ "\xfb\xff", "+/8=", "fbff" }
};

/* Compare want with as many digits of a digest. */
static void is_hex(const unsigned char *digest, const char *want,
		   const char *what)
{
	char hex[DIGEST_HEX_SIZE(DIGEST_SHA256_SIZE)];

	digest_hex(hex, digest, strlen(want) / 2);
	is(hex, strlen(hex), want, what);
}

static void test_sha256(void)
{
	unsigned char digest[DIGEST_SHA256_SIZE];
	struct digest_sha256 sha256, fork;
	char letters[1000];

	for (size_t i = 0; i < sizeof(sha256s) / sizeof(sha256s[0]); i++) {
		const char *text = sha256s[i].text;

		digest_sha256(text, strlen(text), digest);
		is_hex(digest, sha256s[i].hex, "SHA-256 at once");
		digest_sha256_init(&sha256);
		for (size_t j = 0; text[j] != '\0'; j++)
			digest_sha256_update(&sha256, text + j, 1);
		digest_sha256_final(&sha256, digest);
		is_hex(digest, sha256s[i].hex, "SHA-256 byte by byte");
	}
	memset(letters, 'a', sizeof(letters));
	digest_sha256_init(&sha256);
	for (int i = 0; i < 1000; i++)
		digest_sha256_update(&sha256, letters, sizeof(letters));
	digest_sha256_final(&sha256, digest);
	is_hex(digest, "cdc76e5c9914fb9281a1c7e284d73e67"
		       "f1809a48a497200e046d39ccc7112cd0",
	       "SHA-256 of a million letters");

	digest_sha256_init(&sha256);
	digest_sha256_update(&sha256, "ab", 2);
	fork = sha256;
	digest_sha256_update(&sha256, "x", 1);
	digest_sha256_update(&fork, "c", 1);
	digest_sha256_final(&fork, digest);
	is_hex(digest, sha256s[1].hex, "a copy in mid-stream goes its own way");
	digest_sha256(NULL, 0, digest);
	is_hex(digest, sha256s[0].hex, "an absent text is an empty one");
}

static void test_md5(void)
{
	unsigned char digest[DIGEST_MD5_SIZE];
	struct digest_md5 md5;

	for (size_t i = 0; i < sizeof(md5s) / sizeof(md5s[0]); i++) {
		size_t n = strlen(md5s[i].text);

		digest_md5_init(&md5);
		digest_md5_update(&md5, md5s[i].text, n / 2);
		digest_md5_update(&md5, md5s[i].text + n / 2, n - n / 2);
		digest_md5_final(&md5, digest);
		is_hex(digest, md5s[i].hex, "MD5");
		digest_md5(md5s[i].text, n, digest);
		is_hex(digest, md5s[i].hex, "MD5 of one text");
		ok(digest_md5_is(md5s[i].text, n, str_of(md5s[i].hex)) &&
		   !digest_md5_is(md5s[i].text, n, STR("")), "it is that");
	}
}

static void test_hmac(void)
{
	unsigned char code[DIGEST_SHA256_SIZE];
	unsigned char key[131];
	struct digest_hmac hmac;

	for (size_t i = 0; i < sizeof(hmacs) / sizeof(hmacs[0]); i++) {
		digest_hmac_key(&hmac, hmacs[i].key.p, hmacs[i].key.n);
		digest_hmac(&hmac, hmacs[i].text.p, hmacs[i].text.n, code);
		is_hex(code, hmacs[i].hex, "HMAC-SHA-256");
	}
	memset(key, 0xaa, sizeof(key));
	digest_hmac_key(&hmac, key, sizeof(key));
	for (int twice = 0; twice < 2; twice++) {
		for (size_t i = 0; i < 2; i++) {
			digest_hmac(&hmac, long_hmacs[i].text,
				    strlen(long_hmacs[i].text), code);
			is_hex(code, long_hmacs[i].hex,
			       "a long key is hashed, and good again");
		}
	}
	digest_hmac_key(&hmac, NULL, 0);
	digest_hmac(&hmac, "", 0, code);
	is_hex(code, "b613679a0814d9ec772f95d778c35fc5"
		     "ff1697c493715653c6c712144292c5ad",
	       "an empty key and an empty message");
}

static void test_writing(void)
{
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		char text[16];
		size_t n = strlen(written[i].text);

		digest_base64(text, (const unsigned char *)written[i].text, n);
		is(text, strlen(text), written[i].base64, "base64");
		digest_hex(text, (const unsigned char *)written[i].text, n);
		is(text, strlen(text), written[i].hex, "hex");
		ok(DIGEST_BASE64_SIZE(n) == strlen(written[i].base64) + 1 &&
		   DIGEST_HEX_SIZE(n) == strlen(written[i].hex) + 1,
		   "the sizes fit");
	}
}

static void test_sha1(void)
{
	unsigned char sum[DIGEST_SHA1_SIZE];
	char hex[DIGEST_HEX_SIZE(DIGEST_SHA1_SIZE)];

	digest_sha1("abc", 3, sum);
	digest_hex(hex, sum, sizeof(sum));
	is(hex, strlen(hex), "a9993e364706816aba3e25717850c26c9cd0d89d",
	   "SHA-1 of FIPS 180's abc");
}

static struct digest_key numbered(unsigned n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	return digest_key(&(struct str){ text, strlen(text) }, 1);
}

static void test_map(void)
{
	enum { MANY = 20000 };
	const struct str one[] = { STR("ab"), STR("c") };
	const struct str other[] = { STR("a"), STR("bc") };
	struct digest_key a = digest_key(one, 2), b = digest_key(other, 2);
	struct digest_map map = { .n = 0 };
	unsigned right = 0, none = 0;

	ok(a.a != b.a && a.b != b.b, "texts that are cut elsewhere differ");
	ok(digest_map_get(&map, a) == 0, "an empty map has nothing");
	for (unsigned i = 0; i < MANY; i++)
		digest_map_put(&map, numbered(i), i + 1);
	for (unsigned i = 0; i < MANY; i++) {
		right += digest_map_get(&map, numbered(i)) == i + 1;
		none += digest_map_get(&map, numbered(MANY + i)) == 0;
	}
	ok(right == MANY && none == MANY && map.n == MANY,
	   "a map has what was put there, and nothing else");
	digest_map_put(&map, numbered(7), 700);
	ok(digest_map_get(&map, numbered(7)) == 700 && map.n == MANY,
	   "a value is replaced");
	ok(map.room <= 4 * map.n, "a fourth of its places is taken, at least");
	digest_map_free(&map);
	ok(digest_map_get(&map, numbered(7)) == 0, "what is freed is empty");
}

int main(void)
{
	test_sha1();
	test_sha256();
	test_md5();
	test_hmac();
	test_writing();
	test_map();
	return done();
}
