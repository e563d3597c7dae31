/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor get|copy|put - for each line of stdin one request, with bare libcurl
 *
 * What s3check, s3route and ddb-record ask for one record, with headers of the
 * same size, and nothing else: no line is parsed, nothing is signed, an answer
 * is not read.  The line is written when the answer is there.  Certificates are
 * below SSL_CERT_DIR.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIGNATURE "Credential=AKIDEXAMPLE/20261129/us-east-1/service/aws4_request, " \
	"SignedHeaders=host;if-match;x-amz-content-sha256;x-amz-date, Signature=" \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct ask {
	const char *name, *method, *url, *body;
	const char *headers[16];
} asks[] = {
	{ "get", "GET", "https://incoming.s3.us-east-1.amazonaws.com/n1.json", NULL, {
		"If-Match: \"0123456789abcdef0123456789abcdef\"",
		"x-amz-checksum-mode: ENABLED",
		"x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" } },
	{ "copy", "PUT", "https://processed.s3.us-east-1.amazonaws.com/n1.json", NULL, {
		"If-None-Match: *",
		"x-amz-copy-source: /incoming/n1.json",
		"x-amz-copy-source-if-match: \"0123456789abcdef0123456789abcdef\"",
		"x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" } },
	{ "put", "POST", "https://dynamodb.us-east-1.amazonaws.com/",
		"{\"TableName\":\"ledger\",\"Item\":{\"object\":{\"S\":\"incoming/n1.json\"},"
		"\"seq\":{\"S\":\"0000000000000001\"},\"outcome\":{\"S\":\"good\"},"
		"\"id\":{\"S\":\"0123456789abcdef0123456789abcdef\"},\"size\":{\"N\":\"42\"},"
		"\"etag\":{\"S\":\"0123456789abcdef0123456789abcdef\"}},"
		"\"ConditionExpression\":\"attribute_not_exists(#o) OR #s <= :s\","
		"\"ExpressionAttributeNames\":{\"#o\":\"object\",\"#s\":\"seq\"},"
		"\"ExpressionAttributeValues\":{\":s\":{\"S\":\"0000000000000001\"}}}", {
		"Content-Type: application/x-amz-json-1.0",
		"X-Amz-Target: DynamoDB_20120810.PutItem" } },
};

static const char *const common[] = {
	"Accept:", "Expect:", "X-Amz-Date: 20261129T120000Z",
	"Authorization: AWS4-HMAC-SHA256 " SIGNATURE,
	"amz-sdk-invocation-id: 01234567-89ab-4cde-8f01-23456789abcd",
	"amz-sdk-request: attempt=1; max=3",
};

static size_t ignore(char *bytes, size_t one, size_t n, void *arg)
{
	(void)bytes;
	(void)one;
	(void)arg;
	return n;
}

static CURL *prepare(const struct ask *ask)
{
	struct curl_slist *list = NULL;
	CURL *easy;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    !(easy = curl_easy_init()))
		return NULL;
	for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++)
		list = curl_slist_append(list, common[i]);
	for (size_t i = 0; ask->headers[i]; i++)
		list = curl_slist_append(list, ask->headers[i]);
	curl_easy_setopt(easy, CURLOPT_URL, ask->url);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, ask->method);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_CAPATH, getenv("SSL_CERT_DIR"));
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
	if (ask->body)
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, ask->body);
	return easy;
}

int main(int argc, char **argv)
{
	const struct ask *ask = asks;
	char line[1 << 16];
	CURL *easy;

	while (argc == 2 && ask < asks + 3 && strcmp(ask->name, argv[1]) != 0)
		ask++;
	if (argc != 2 || ask == asks + 3 || !(easy = prepare(ask)))
		return 64;
	while (fgets(line, sizeof(line), stdin)) {
		CURLcode code = curl_easy_perform(easy);
		long status = 0;

		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		if (code != CURLE_OK || status != 200) {
			fprintf(stderr, "floor: %s: %ld %s\n", ask->url, status,
				curl_easy_strerror(code));
			return 1;
		}
		fputs(line, stdout);
		fflush(stdout);
	}
	_exit(0);
}
