/* SPDX-License-Identifier: Apache-2.0 */
#include "place/derived.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hash/checksum.h"
#include "hash/digest.h"
#include "s3/s3_metadata.h"

bool derived_exists(const struct record *record)
{
	return record_outcome(record) == RECORD_GOOD && record->output_path.p;
}

static void put_header(struct derived *output, const char *name,
		       struct str value)
{
	if (value.n > 0)
		output->headers[output->n_headers++] =
			(struct str_pair){ str_of(name), value };
}

int derived_open(struct derived *output, const struct record *record,
		 struct err *err)
{
	const char *path = record->output_path.p;
	unsigned long long wanted = 0;
	struct stat st;

	output->record = record;
	output->n_headers = 0;
	put_header(output, S3_METADATA_ID, record->id);
	put_header(output, S3_METADATA_ETAG, record->etag);
	/* A record could name a FIFO: do not wait for its writer. */
	output->slice.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (output->slice.fd < 0 || fstat(output->slice.fd, &st) < 0) {
		err_errno(err, "the output %s", path);
		derived_close(output);
		return -1;
	}
	if (!S_ISREG(st.st_mode) ||
	    (record->output_bytes.p &&
	     (str_number(record->output_bytes, &wanted) < 0 ||
	      wanted != (unsigned long long)st.st_size))) {
		err_set(err, "IncompleteBody",
			"the output %s is no file of %.*s bytes", path,
			STR_FMT(record->output_bytes));
		derived_close(output);
		return -1;
	}
	output->slice.offset = 0;
	output->slice.size = (unsigned long long)st.st_size;
	return 0;
}

void derived_close(struct derived *output)
{
	if (output->slice.fd >= 0)
		close(output->slice.fd);
	output->slice.fd = -1;
}

struct s3_content derived_content(const struct derived *output)
{
	return (struct s3_content){
		.slice = &output->slice,
		.type = output->record->output_type,
		.headers = output->headers,
		.n_headers = output->n_headers,
	};
}

static int has_checksum(const struct derived *output,
			const struct s3_call *seen, struct err *err)
{
	char text[DIGEST_BASE64_SIZE(CHECKSUM_SIZE_MAX)];
	struct checksum checksum;

	checksum_init(&checksum, seen->checksum);
	if (slice_checksum(&output->slice, &checksum, err) < 0)
		return -1;
	checksum_base64(&checksum, text);
	return str_is(seen->checksum_value, text);
}

static int has_md5(const struct derived *output, const struct s3_call *seen,
		   struct err *err)
{
	unsigned char sum[DIGEST_MD5_SIZE];
	char hex[DIGEST_HEX_SIZE(DIGEST_MD5_SIZE)];

	if (slice_md5(&output->slice, sum, err) < 0)
		return -1;
	digest_hex(hex, sum, sizeof(sum));
	return str_is_nocase(seen->etag, hex);
}

int derived_is(const struct derived *output, const struct s3_call *seen,
	       struct err *err)
{
	if (seen->has_size && seen->size != output->slice.size)
		return 0;
	if (seen->checksum != CHECKSUM_NONE)
		return has_checksum(output, seen, err);
	if (seen->etag_is_md5)
		return has_md5(output, seen, err);
	return str_eq(seen->record_id, output->record->id);
}
