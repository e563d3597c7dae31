/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is it CSV (RFC 4180), with the same number of fields in each row?
 *
 * Rows end with LF or CRLF, the last may end with the data; a byte order mark
 * may stand in front.  Rows without a quote are taken as a whole.
 */
#include "check_kind.h"

#include <string.h>

enum state {
	ROW,		/* a row begins, if there is more */
	FIELD,		/* a field begins, behind a comma */
	PLAIN,		/* inside a field without quotes */
	QUOTED,
	QUOTE,		/* behind a quote in a quoted field */
	RETURN		/* behind a carriage return */
};

enum { IN_A_PIECE_BEFORE = -1 };

static const unsigned char mark[] = { 0xEF, 0xBB, 0xBF };

/* A piece, and where in it we are. */
struct piece {
	const struct text_place *place;
	const unsigned char *start, *p, *end;
	const unsigned char *quote, *cr;	/* the next ones, or the end */
};

static struct text_place place_of(const struct piece *piece,
				  const unsigned char *p)
{
	return check_place(piece->place, piece->start,
			   (size_t)(p - piece->start));
}

static struct text_place begun_at(const struct piece *piece, long long at,
				  const struct text_place *before)
{
	return at == IN_A_PIECE_BEFORE ? *before :
					 place_of(piece, piece->start + at);
}

static unsigned long long decided_at(const struct piece *piece,
				     const unsigned char *p)
{
	return piece->place->byte + (unsigned long long)(p - piece->start);
}

static void end_row(struct check *c, const struct piece *piece,
		    unsigned long long decided)
{
	struct check_csv *csv = &c->of.csv;
	unsigned long long fields = csv->commas + 1;
	struct text_place at;

	csv->state = ROW;
	csv->commas = 0;
	if (csv->width == 0)
		csv->width = fields;
	if (fields == csv->width)
		return;
	at = begun_at(piece, csv->row_at, &csv->row);
	check_fail(c, NULL, decided, "FieldCount",
		   "line %llu: %llu field%s, %s%llu", at.line, fields,
		   fields == 1 ? "" : "s",
		   csv->is_given ? "not " : "the first row has ", csv->width);
	c->bad.line = at.line;
	c->bad.column = at.column;
	c->bad.byte = at.byte;
	c->bad.count = fields;
	c->bad.has_count = true;
}

/* Rows without quotes */

static const unsigned char *find(const unsigned char *p,
				 const unsigned char *end, int byte)
{
	const unsigned char *found = memchr(p, byte, (size_t)(end - p));

	return found ? found : end;
}

/* As many as there are here; false at one that has to be looked at closely. */
static bool take_plain_row(struct check *c, struct piece *piece)
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
	c->of.csv.commas = text_count(piece->p, (size_t)(end - piece->p), ',');
	end_row(c, piece, decided_at(piece, end));
	piece->p = end + 1;
	return true;
}

/* Byte by byte */

static void take_separator(struct check *c, const struct piece *piece,
			   unsigned char byte)
{
	struct check_csv *csv = &c->of.csv;

	if (byte == ',') {
		csv->commas++;
		csv->state = FIELD;
	} else if (byte == '\r') {
		csv->state = RETURN;
	} else {
		end_row(c, piece, decided_at(piece, piece->p));
	}
}

static bool is_separator(unsigned char byte)
{
	return byte == ',' || byte == '\r' || byte == '\n';
}

static void fail_at(struct check *c, const struct piece *piece,
		    const char *code, const char *what)
{
	struct text_place at = place_of(piece, piece->p);

	check_fail(c, &at, at.byte, code, "%s", what);
}

static void take_byte(struct check *c, const struct piece *piece)
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
		if (is_separator(byte))
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
		else if (is_separator(byte))
			take_separator(c, piece, byte);
		else
			fail_at(c, piece, "TextAfterQuote",
				"text behind the quote that ends a field");
		break;
	default: /* RETURN */
		if (byte == '\n')
			end_row(c, piece, decided_at(piece, piece->p));
		else
			fail_at(c, piece, "BareCR", "no line feed behind a "
				"carriage return");
	}
}

static void take(struct check *c, struct piece *piece)
{
	struct check_csv *csv = &c->of.csv;

	if (csv->state == ROW && take_plain_row(c, piece))
		return;
	do {
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

/* What only begins like a byte order mark is the text of the first field. */
static void end_mark(struct check_csv *csv)
{
	if (csv->mark > 0 && csv->mark < sizeof(mark)) {
		csv->state = PLAIN;
		csv->row = TEXT_START;
		csv->row_at = IN_A_PIECE_BEFORE;
	}
	csv->mark = sizeof(mark);
}

static void take_mark(struct check_csv *csv, struct piece *piece)
{
	while (csv->mark < sizeof(mark) && piece->p < piece->end) {
		if (*piece->p != mark[csv->mark]) {
			end_mark(csv);
			return;
		}
		csv->mark++;
		piece->p++;
	}
}

static void begin(struct check *c, const struct check_rules *rules,
		  const struct record *record, struct arena *arena)
{
	(void)record;
	(void)arena;
	c->of.csv.width = rules->columns;
	c->of.csv.is_given = rules->columns > 0;
}

/* Keep where a row and a quoted field began that go on in the next piece. */
static void keep_places(struct check_csv *csv, const struct piece *piece)
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
	struct piece piece = { .place = place, .start = p, .p = p,
			       .end = p + n };

	take_mark(&c->of.csv, &piece);
	piece.quote = find(piece.p, piece.end, '"');
	piece.cr = find(piece.p, piece.end, '\r');
	while (piece.p < piece.end && !c->is_bad)
		take(c, &piece);
	if (!c->is_bad)
		keep_places(&c->of.csv, &piece);
}

static void end(struct check *c, const struct text_place *place)
{
	const struct piece nothing = { .place = place };
	struct check_csv *csv = &c->of.csv;

	end_mark(csv);
	if (csv->state == QUOTED)
		check_fail(c, &csv->quote, place->byte - 1, "UnclosedQuote",
			   "a quoted field that does not end");
	else if (csv->state == RETURN)
		check_fail(c, place, place->byte - 1, "BareCR",
			   "no line feed behind a carriage return");
	else if (csv->state != ROW)
		end_row(c, &nothing, place->byte - 1);
}

const struct check_functions check_csv = {
	"csv", begin, update, end, NULL
};
