/* SPDX-License-Identifier: Apache-2.0 */
#include "check/check_json.h"

#include "check/check_kind.h"

enum state {
	VALUE,		/* before a value */
	FIRST_VALUE,	/* before the first value of an array, or its end */
	NAME,		/* before a member's name */
	FIRST_NAME,	/* before the first name of an object, or its end */
	COLON,
	AFTER,		/* after a value: a comma or a closing bracket */
	DONE,		/* after the outermost value */
	STRING, ESCAPE, HEX, LITERAL,
	MINUS, ZERO, INTEGER, POINT, FRACTION, E, SIGN, EXPONENT
};

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

/* Nesting */

static bool in_object(const struct check_json *j)
{
	unsigned level = j->depth - 1;

	return j->objects[level / 8] >> level % 8 & 1;
}

static void open_level(struct check_json *j, bool is_object)
{
	unsigned char *byte = &j->objects[j->depth / 8];
	unsigned bit = 1u << j->depth % 8;

	if (j->depth == CHECK_JSON_DEPTH) {
		j->fault = "nested deeper than 10000 levels";
		return;
	}
	*byte = (unsigned char)(is_object ? *byte | bit : *byte & ~bit);
	j->depth++;
	j->state = is_object ? FIRST_NAME : FIRST_VALUE;
}

static void end_value(struct check_json *j)
{
	j->state = j->depth > 0 ? AFTER : DONE;
}

static void close_level(struct check_json *j)
{
	j->depth--;
	end_value(j);
}

/* Between the tokens */

static void begin_string(struct check_json *j, bool is_name)
{
	j->is_name = is_name;
	j->state = STRING;
}

static void begin_literal(struct check_json *j, const char *rest)
{
	j->literal = rest;
	j->state = LITERAL;
}

static void begin_value(struct check_json *j, unsigned char c)
{
	switch (c) {
	case '{':
	case '[':
		open_level(j, c == '{');
		break;
	case '"':
		begin_string(j, false);
		break;
	case 't':
		begin_literal(j, "rue");
		break;
	case 'f':
		begin_literal(j, "alse");
		break;
	case 'n':
		begin_literal(j, "ull");
		break;
	case '-':
		j->state = MINUS;
		break;
	default:
		if (is_digit(c))
			j->state = c == '0' ? ZERO : INTEGER;
		else
			j->fault = "no JSON value begins with this character";
	}
}

static void after_value(struct check_json *j, unsigned char c)
{
	bool is_object = in_object(j);

	if (c == ',')
		j->state = is_object ? NAME : VALUE;
	else if (c == (is_object ? '}' : ']'))
		close_level(j);
	else
		j->fault = is_object ? "neither a comma nor } after a member" :
				       "neither a comma nor ] after a value";
}

static void take_token(struct check_json *j, unsigned char c)
{
	switch (j->state) {
	case FIRST_VALUE:
		if (c == ']') {
			close_level(j);
			break;
		}
		/* fall through */
	case VALUE:
		begin_value(j, c);
		break;
	case FIRST_NAME:
		if (c == '}') {
			close_level(j);
			break;
		}
		/* fall through */
	case NAME:
		if (c == '"')
			begin_string(j, true);
		else
			j->fault = "a member's name must begin with a quote";
		break;
	case COLON:
		j->state = VALUE;
		if (c != ':')
			j->fault = "no colon after a name";
		break;
	case AFTER:
		after_value(j, c);
		break;
	default:
		j->fault = j->by_lines ? "more than one value on a line" :
					 "something follows the value";
	}
}

/* In NDJSON a newline ends the value. */
static void end_line(struct check_json *j)
{
	if (!j->by_lines)
		return;
	if (j->state == DONE)
		j->state = VALUE;
	else if (j->state != VALUE || j->depth > 0)
		j->fault = "the line ends inside a value";
}

static const unsigned char *take_tokens(struct check_json *j,
					const unsigned char *p,
					const unsigned char *end)
{
	while (p < end && !j->fault && j->state < STRING) {
		unsigned char c = *p;

		if (c == '\n')
			end_line(j);
		else if (c != ' ' && c != '\t' && c != '\r')
			take_token(j, c);
		if (!j->fault)
			p++;
	}
	return p;
}

/* Inside the tokens */

/* Take characters until one is ASCII. */
static const unsigned char *take_wide(struct check_json *j,
				      const unsigned char *p,
				      const unsigned char *end)
{
	const unsigned char *q = p;
	size_t good;

	while (q < end && *q >= 0x80)
		q++;
	good = text_utf8(&j->utf8, p, (size_t)(q - p));
	if (p + good < q || (q < end && j->utf8.left > 0))
		j->fault = "a string that is not UTF-8";
	return p + good;
}

static const unsigned char *take_string(struct check_json *j,
					const unsigned char *p,
					const unsigned char *end)
{
	if (j->utf8.left == 0)
		p += text_plain(p, (size_t)(end - p));
	if (p == end)
		return p;
	if (*p >= 0x80 || j->utf8.left > 0)
		return take_wide(j, p, end);
	if (*p == '\\') {
		j->state = ESCAPE;
	} else if (*p != '"') {
		j->fault = "a control character in a string";
		return p;
	} else if (j->is_name) {
		j->state = COLON;
	} else {
		end_value(j);
	}
	return p + 1;
}

static bool is_hex(unsigned char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static const unsigned char *take_escape(struct check_json *j,
					const unsigned char *p)
{
	bool known = false;

	if (j->state == HEX) {
		known = is_hex(*p);
		if (known && --j->hex == 0)
			j->state = STRING;
	} else if (*p == 'u') {
		known = true;
		j->hex = 4;
		j->state = HEX;
	} else {
		for (const char *c = "\"\\/bfnrt"; *c; c++)
			known = known || *p == (unsigned char)*c;
		j->state = STRING;
	}
	if (known)
		return p + 1;
	j->fault = "an unknown escape in a string";
	return p;
}

static const unsigned char *take_literal(struct check_json *j,
					 const unsigned char *p)
{
	if (*p != (unsigned char)*j->literal) {
		j->fault = "neither true, false nor null";
		return p;
	}
	if (*++j->literal == '\0')
		end_value(j);
	return p + 1;
}

/* A number may end in these states, after a digit. */
static bool is_number(enum state state)
{
	return state == ZERO || state == INTEGER || state == FRACTION ||
	       state == EXPONENT;
}

/* The state after c, DONE if c does not continue the number. */
static enum state next_in_number(enum state state, unsigned char c)
{
	if (is_digit(c)) {
		switch (state) {
		case MINUS:
			return c == '0' ? ZERO : INTEGER;
		case ZERO:
			return DONE;
		case POINT:
			return FRACTION;
		case E:
		case SIGN:
			return EXPONENT;
		default:
			return state;
		}
	}
	if (c == '.' && (state == ZERO || state == INTEGER))
		return POINT;
	if ((c == 'e' || c == 'E') && is_number(state) && state != EXPONENT)
		return E;
	return (c == '+' || c == '-') && state == E ? SIGN : DONE;
}

static const unsigned char *take_number(struct check_json *j,
					const unsigned char *p,
					const unsigned char *end)
{
	for (; p < end; p++) {
		enum state next = next_in_number(j->state, *p);

		if (next == DONE)
			break;
		j->state = (unsigned char)next;
	}
	if (p == end)
		return p;
	if (!is_number(j->state))
		j->fault = "a number that lacks a digit";
	else if (j->state == ZERO && is_digit(*p))
		j->fault = "a number that begins with a zero";
	else
		end_value(j);
	return p;
}

static const unsigned char *take(struct check_json *j, const unsigned char *p,
				 const unsigned char *end)
{
	switch (j->state) {
	case STRING:
		return take_string(j, p, end);
	case ESCAPE:
	case HEX:
		return take_escape(j, p);
	case LITERAL:
		return take_literal(j, p);
	default:
		return j->state < STRING ? take_tokens(j, p, end) :
					   take_number(j, p, end);
	}
}

/* As a check */

static void begin_lines(struct check *c, const struct check_rules *rules,
			const struct record *record, struct arena *arena)
{
	(void)rules;
	(void)record;
	(void)arena;
	c->of.json.by_lines = true;
}

static void update(struct check *c, const struct text_place *place,
		   const unsigned char *p, size_t n)
{
	struct check_json *j = &c->of.json;
	const unsigned char *at = p, *end = p + n;
	struct text_place where;

	while (at < end && !j->fault)
		at = take(j, at, end);
	if (!j->fault)
		return;
	where = check_kind_place(place, p, (size_t)(at - p));
	check_kind_fail(c, &where, where.byte, ERR_JSON, "%s", j->fault);
}

static void end(struct check *c, const struct text_place *place)
{
	struct check_json *j = &c->of.json;

	if (j->state >= MINUS && is_number(j->state))
		end_value(j);
	if (j->state == DONE ||
	    (j->by_lines && j->state == VALUE && j->depth == 0))
		return;
	check_kind_fail(c, place, place->byte - 1, "TruncatedJSON", "%s",
			j->state == VALUE && j->depth == 0 ?
			"there is no JSON value" : "the JSON is cut off");
}

const struct check_functions check_json = {
	"json", NULL, update, end, NULL, CHECK_TEXT_REFUSE
};
const struct check_functions check_ndjson = {
	"ndjson", begin_lines, update, end, NULL, CHECK_TEXT_REFUSE
};
