/* SPDX-License-Identifier: Apache-2.0 */
#include "check/check_csv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "check/check_kind.h"

enum state {
	ROW,		/* a row begins, if there is more */
	FIELD,		/* a field begins, after a delimiter */
	PLAIN,		/* inside a field without quotes */
	QUOTED,
	QUOTE,		/* after a quote in a quoted field */
	RETURN		/* after a carriage return */
};

enum { IN_A_PIECE_BEFORE = -1 };

/* What the first row may show, the more likely ones first. */
static const char candidates[CHECK_CSV_CANDIDATES] = { ',', ';', '\t', '|' };

/* A piece, and the position in it. */
struct csv_piece {
	const struct text_place *place;
	const unsigned char *start, *p, *end;
	const unsigned char *quote, *cr;	/* the next ones, or the end */
};

static struct text_place place_of(const struct csv_piece *piece,
				  const unsigned char *p)
{
	return check_kind_place(piece->place, piece->start,
				(size_t)(p - piece->start));
}

static struct text_place begun_at(const struct csv_piece *piece, long long at,
				  const struct text_place *before)
{
	return at == IN_A_PIECE_BEFORE ? *before :
					 place_of(piece, piece->start + at);
}

static unsigned long long decided_at(const struct csv_piece *piece,
				     const unsigned char *p)
{
	return piece->place->byte + (unsigned long long)(p - piece->start);
}

/* The delimiter for a message, unless it is the one that CSV always has. */
static void name_delimiter(const struct check_csv *csv, char text[32])
{
	text[0] = '\0';
	if (!csv->is_told)
		return;
	if (csv->delimiter == '\t')
		snprintf(text, 32, " (delimiter tab)");
	else if (csv->delimiter <= ' ' || csv->delimiter == 0x7F)
		snprintf(text, 32, " (delimiter 0x%02X)", csv->delimiter);
	else
		snprintf(text, 32, " (delimiter %c)", csv->delimiter);
}

static void wrong_count(struct check *c, const struct csv_piece *piece,
			unsigned long long decided, unsigned long long fields)
{
	struct check_csv *csv = &c->of.csv;
	struct text_place at = begun_at(piece, csv->row_at, &csv->row);
	char delimiter[32];

	name_delimiter(csv, delimiter);
	check_kind_fail(c, NULL, decided, "FieldCount",
			"line %llu: %llu field%s, %s%llu%s", at.line, fields,
			fields == 1 ? "" : "s",
			csv->is_given ? "not " : "the first row has ",
			csv->width, delimiter);
	c->bad.line = at.line;
	c->bad.column = at.column;
	c->bad.byte = at.byte;
	c->bad.count = fields;
	c->bad.has_count = true;
}

static void end_row(struct check *c, const struct csv_piece *piece,
		    unsigned long long decided)
{
	struct check_csv *csv = &c->of.csv;
	unsigned long long fields = csv->delimiters + 1;

	csv->state = ROW;
	csv->delimiters = 0;
	if (csv->width == 0)
		csv->width = fields;
	if (fields != csv->width)
		wrong_count(c, piece, decided, fields);
}

/* The first row */

/* The delimiter that makes as many columns as were asked for, or else most. */
static size_t likeliest(const struct check_csv *csv)
{
	size_t best = 0;

	for (size_t i = 0; i < CHECK_CSV_CANDIDATES; i++) {
		if (csv->is_given && csv->counts[i] + 1 == csv->width)
			return i;
		if (csv->counts[i] > csv->counts[best])
			best = i;
	}
	return best;
}

/* Is it Excel's "sep=;", which is no row?  Then it says what the delimiter is. */
static bool take_excel(struct check_csv *csv)
{
	if (csv->head_n != sizeof(csv->head) ||
	    strncasecmp((const char *)csv->head, "sep=", 4) != 0 ||
	    !check_csv_may_delimit(csv->head[4]) ||
	    (csv->delimiter && csv->delimiter != csv->head[4]))
		return false;
	csv->delimiter = csv->head[4];
	return true;
}

static void end_first_row(struct check *c, const struct csv_piece *piece,
			  unsigned long long decided)
{
	struct check_csv *csv = &c->of.csv;
	size_t at;

	csv->is_first = false;
	if (take_excel(csv)) {
		csv->state = ROW;
		csv->delimiters = 0;
		return;
	}
	if (!csv->delimiter) {
		at = likeliest(csv);
		csv->delimiter = (unsigned char)candidates[at];
		csv->delimiters = csv->counts[at];
	}
	end_row(c, piece, decided);
}

static void end_any_row(struct check *c, const struct csv_piece *piece,
			unsigned long long decided)
{
	if (c->of.csv.is_first)
		end_first_row(c, piece, decided);
	else
		end_row(c, piece, decided);
}

static void note_first(struct check_csv *csv, unsigned char byte)
{
	if (byte == '\r' || byte == '\n')
		return;
	if (csv->head_n < sizeof(csv->head))
		csv->head[csv->head_n] = byte;
	if (csv->head_n <= sizeof(csv->head))
		csv->head_n++;
}

bool check_csv_may_delimit(int byte)
{
	return byte > 0 && byte < 0x80 && byte != '"' && byte != '\r' &&
	       byte != '\n';
}

/* Rows without quotes */

static const unsigned char *find(const unsigned char *p,
				 const unsigned char *end, int byte)
{
	const unsigned char *found = memchr(p, byte, (size_t)(end - p));

	return found ? found : end;
}

/* Take one row as a whole; false if it has to be read byte by byte. */
static bool take_plain_row(struct check *c, struct csv_piece *piece)
{
	const unsigned char *end = memchr(piece->p, '\n',
					  (size_t)(piece->end - piece->p));

	if (!end)
		return false;
	if (piece->quote < piece->p)
		piece->quote = find(piece->p, piece->end, '"');
	if (piece->cr < piece->p)
		piece->cr = find(piece->p, piece->end, '\r');
	if (piece->quote < end || piece->cr + 1 < end)
		return false;
	c->of.csv.row_at = piece->p - piece->start;
	c->of.csv.delimiters = text_count(piece->p, (size_t)(end - piece->p),
					  (char)c->of.csv.delimiter);
	end_row(c, piece, decided_at(piece, end));
	piece->p = end + 1;
	return true;
}

/* Byte by byte */

static void take_separator(struct check *c, const struct csv_piece *piece,
			   unsigned char byte)
{
	struct check_csv *csv = &c->of.csv;

	if (byte == '\r') {
		csv->state = RETURN;
	} else if (byte == '\n') {
		end_any_row(c, piece, decided_at(piece, piece->p));
	} else {
		csv->delimiters++;
		csv->state = FIELD;
		for (size_t i = 0; csv->is_first && i < CHECK_CSV_CANDIDATES;
		     i++)
			csv->counts[i] += byte == candidates[i];
	}
}

/* As long as it is not known which one is, each candidate is a delimiter. */
static bool is_separator(const struct check_csv *csv, unsigned char byte)
{
	if (byte == '\r' || byte == '\n')
		return true;
	if (csv->delimiter)
		return byte == csv->delimiter;
	return memchr(candidates, byte, sizeof(candidates));
}

static void fail_at(struct check *c, const struct csv_piece *piece,
		    const char *code, const char *what)
{
	struct text_place at = place_of(piece, piece->p);

	check_kind_fail(c, &at, at.byte, code, "%s", what);
}

static void take_byte(struct check *c, const struct csv_piece *piece)
{
	struct check_csv *csv = &c->of.csv;
	unsigned char byte = *piece->p;

	switch (csv->state) {
	case ROW:
		csv->row_at = piece->p - piece->start;
		/* fall through */
	case FIELD:
		if (byte == '"') {
			csv->state = QUOTED;
			csv->quote_at = piece->p - piece->start;
			break;
		}
		/* fall through */
	case PLAIN:
		if (is_separator(csv, byte))
			take_separator(c, piece, byte);
		else if (byte == '"')
			fail_at(c, piece, "BareQuote", "a quote in a field "
				"that does not begin with one");
		else
			csv->state = PLAIN;
		break;
	case QUOTE:
		if (byte == '"')
			csv->state = QUOTED;
		else if (is_separator(csv, byte))
			take_separator(c, piece, byte);
		else
			fail_at(c, piece, "TextAfterQuote",
				"text after the quote that ends a field");
		break;
	default: /* RETURN */
		if (byte == '\n')
			end_any_row(c, piece, decided_at(piece, piece->p));
		else
			fail_at(c, piece, "BareCR", "no line feed after a "
				"carriage return");
	}
}

static void take(struct check *c, struct csv_piece *piece)
{
	struct check_csv *csv = &c->of.csv;

	if (csv->state == ROW && !csv->is_first && take_plain_row(c, piece))
		return;
	do {
		if (csv->is_first)
			note_first(csv, *piece->p);
		if (csv->state == QUOTED) {
			piece->p = find(piece->p, piece->end, '"');
			if (piece->p == piece->end)
				return;
			csv->state = QUOTE;
		} else {
			take_byte(c, piece);
		}
		piece->p++;
	} while (piece->p < piece->end && csv->state != ROW && !c->is_bad);
}

static void begin(struct check *c, const struct check_rules *rules,
		  const struct record *record, struct arena *arena)
{
	(void)record;
	(void)arena;
	c->of.csv.width = rules->columns;
	c->of.csv.is_given = rules->columns > 0;
	c->of.csv.is_told = c->of.csv.is_first =
		rules->delimiter != CHECK_DELIMITER_COMMA;
	if (rules->delimiter == CHECK_DELIMITER_COMMA)
		c->of.csv.delimiter = ',';
	else if (rules->delimiter > 0)
		c->of.csv.delimiter = (unsigned char)rules->delimiter;
}

/* Keep where a row and a quoted field began that continue in the next piece. */
static void keep_places(struct check_csv *csv, const struct csv_piece *piece)
{
	if (csv->state == ROW)
		return;
	csv->row = begun_at(piece, csv->row_at, &csv->row);
	csv->row_at = IN_A_PIECE_BEFORE;
	if (csv->state != QUOTED && csv->state != QUOTE)
		return;
	csv->quote = begun_at(piece, csv->quote_at, &csv->quote);
	csv->quote_at = IN_A_PIECE_BEFORE;
}

static void update(struct check *c, const struct text_place *place,
		   const unsigned char *p, size_t n)
{
	struct csv_piece piece = { .place = place, .start = p, .p = p,
				   .end = p + n };

	piece.quote = find(piece.p, piece.end, '"');
	piece.cr = find(piece.p, piece.end, '\r');
	while (piece.p < piece.end && !c->is_bad)
		take(c, &piece);
	if (!c->is_bad)
		keep_places(&c->of.csv, &piece);
}

static void end(struct check *c, const struct text_place *place)
{
	const struct csv_piece nothing = { .place = place };
	struct check_csv *csv = &c->of.csv;

	if (csv->state == QUOTED)
		check_kind_fail(c, &csv->quote, place->byte - 1,
				"UnclosedQuote",
				"a quoted field that does not end");
	else if (csv->state == RETURN)
		check_kind_fail(c, place, place->byte - 1, "BareCR",
				"no line feed after a carriage return");
	else if (csv->state != ROW)
		end_any_row(c, &nothing, place->byte - 1);
}

const struct check_functions check_csv = {
	"csv", begin, update, end, NULL, CHECK_TEXT_DROP
};
