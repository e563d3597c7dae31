/* SPDX-License-Identifier: Apache-2.0 */
#include "product.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "digest.h"

bool product_exists(const struct record *record)
{
	return record_outcome(record) == RECORD_GOOD && record->output_path.p;
}

static void put_header(struct product *product, const char *name,
		       struct str value)
{
	if (value.n > 0)
		product->headers[product->n_headers++] =
			(struct sigv4_header){ str_of(name), value };
}

int product_open(struct product *product, const struct record *record,
		 struct err *err)
{
	const char *path = record->output_path.p;
	unsigned long long wanted = 0;
	struct stat st;

	product->record = record;
	product->n_headers = 0;
	put_header(product, "x-amz-meta-s3ev-id", record->id);
	put_header(product, "x-amz-meta-s3ev-etag", record->etag);
	product->slice.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (product->slice.fd < 0 || fstat(product->slice.fd, &st) < 0) {
		err_errno(err, "the output %s", path);
		product_close(product);
		return -1;
	}
	if (!S_ISREG(st.st_mode) ||
	    (record->output_bytes.p &&
	     (str_number(record->output_bytes, &wanted) < 0 ||
	      wanted != (unsigned long long)st.st_size))) {
		err_set(err, "IncompleteBody",
			"the output %s is no file of %.*s bytes", path,
			STR_FMT(record->output_bytes));
		product_close(product);
		return -1;
	}
	product->slice.offset = 0;
	product->slice.size = (unsigned long long)st.st_size;
	return 0;
}

void product_close(struct product *product)
{
	if (product->slice.fd >= 0)
		close(product->slice.fd);
	product->slice.fd = -1;
}

struct s3_content product_content(const struct product *product)
{
	return (struct s3_content){
		.slice = &product->slice,
		.type = product->record->output_type,
		.headers = product->headers,
		.n_headers = product->n_headers,
	};
}

static int has_checksum(const struct product *product,
			const struct s3_call *seen, struct err *err)
{
	char text[DIGEST_BASE64_SIZE(CHECKSUM_SIZE_MAX)];
	struct checksum checksum;

	checksum_init(&checksum, seen->checksum);
	if (slice_checksum(&product->slice, &checksum, err) < 0)
		return -1;
	checksum_base64(&checksum, text);
	return str_is(seen->checksum_value, text);
}

static int has_md5(const struct product *product, const struct s3_call *seen,
		   struct err *err)
{
	unsigned char sum[DIGEST_MD5_SIZE];
	char hex[DIGEST_HEX_SIZE(DIGEST_MD5_SIZE)];

	if (slice_md5(&product->slice, sum, err) < 0)
		return -1;
	digest_hex(hex, sum, sizeof(sum));
	return str_is_nocase(seen->etag, hex);
}

int product_is(const struct product *product, const struct s3_call *seen,
	       struct err *err)
{
	if (seen->has_size && seen->size != product->slice.size)
		return 0;
	if (seen->checksum != CHECKSUM_NONE)
		return has_checksum(product, seen, err);
	if (seen->etag_is_md5)
		return has_md5(product, seen, err);
	return str_eq(seen->record_id, product->record->id);
}
