#include "src/control/expression.h"

#include "src/base/error.h"

#include <errno.h>
#include <string.h>

#define NAME_MAX_LENGTH 31u
/* The most levels of parentheses.  Each of them is a recursive call. */
#define DEPTH_MAX 64u

typedef struct Parser {
    const char *at;
    ExpressionRegister *lookup;
    void *opaque;
    GError **error;
    unsigned depth;
} Parser;

static bool parse_sum(Parser *parser, uint64_t *value);

static bool fail(Parser *parser, const char *why)
{
    return error_refuse(parser->error, "%s", why);
}

static char peek(Parser *parser)
{
    while (g_ascii_isspace(*parser->at)) {
        parser->at++;
    }
    return *parser->at;
}

/* Takes the next operator if it is one of these.  Returns 0 if it is not. */
static char take_operator(Parser *parser, const char *operators)
{
    char c = peek(parser);
    if (!c || !strchr(operators, c)) {
        return 0;
    }
    parser->at++;
    return c;
}

static bool parse_number(Parser *parser, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = g_ascii_strtoull(parser->at, &end, 0);
    if (errno == ERANGE) {
        return fail(parser, "number too large");
    }
    if (end == parser->at) {
        return fail(parser,
                    *parser->at ? "invalid char in expression" : "unexpected end of expression");
    }
    parser->at = end;
    return true;
}

static bool parse_register(Parser *parser, uint64_t *value)
{
    char name[NAME_MAX_LENGTH + 1];
    size_t length = 0;
    parser->at++;
    for (; g_ascii_isalnum(*parser->at) || *parser->at == '_' || *parser->at == '.'; parser->at++) {
        if (length < NAME_MAX_LENGTH) {
            name[length++] = *parser->at;
        }
    }
    name[length] = '\0';
    return parser->lookup(parser->opaque, name, value) || fail(parser, "unknown register");
}

static bool parse_character(Parser *parser, uint64_t *value)
{
    if (!parser->at[1] || parser->at[2] != '\'') {
        return fail(parser, "missing terminating ' character");
    }
    *value = (uint8_t)parser->at[1];
    parser->at += 3;
    return true;
}

static bool parse_group(Parser *parser, uint64_t *value)
{
    parser->at++;
    if (parser->depth == DEPTH_MAX) {
        return fail(parser, "too many parentheses");
    }
    parser->depth++;
    bool ok =
        parse_sum(parser, value) && (take_operator(parser, ")") || fail(parser, "')' expected"));
    parser->depth--;
    return ok;
}

/* A value may have any number of signs before it. */
static bool parse_unary(Parser *parser, uint64_t *value)
{
    GString *signs = g_string_new(NULL);
    char sign;
    while ((sign = take_operator(parser, "+-~"))) {
        g_string_append_c(signs, sign);
    }
    char c = peek(parser);
    bool ok = c == '('    ? parse_group(parser, value)
              : c == '\'' ? parse_character(parser, value)
              : c == '$'  ? parse_register(parser, value)
                          : parse_number(parser, value);
    for (size_t i = signs->len; ok && i-- > 0;) {
        *value = signs->str[i] == '-' ? -*value : signs->str[i] == '~' ? ~*value : *value;
    }
    g_string_free(signs, true);
    return ok;
}

/* Division is signed, as in QEMU.  If the quotient does not fit, the value stays unchanged. */
static uint64_t divide(uint64_t value, uint64_t other, bool remainder)
{
    if (other == UINT64_MAX) {
        return remainder ? 0 : -value;
    }
    int64_t a = (int64_t)value, b = (int64_t)other;
    return (uint64_t)(remainder ? a % b : a / b);
}

static bool parse_product(Parser *parser, uint64_t *value)
{
    char op;
    uint64_t other;
    if (!parse_unary(parser, value)) {
        return false;
    }
    while ((op = take_operator(parser, "*/%"))) {
        if (!parse_unary(parser, &other)) {
            return false;
        }
        if (op != '*' && !other) {
            return fail(parser, "division by zero");
        }
        *value = op == '*' ? *value * other : divide(*value, other, op == '%');
    }
    return true;
}

static bool parse_logic(Parser *parser, uint64_t *value)
{
    char op;
    uint64_t other;
    if (!parse_product(parser, value)) {
        return false;
    }
    while ((op = take_operator(parser, "&|^"))) {
        if (!parse_product(parser, &other)) {
            return false;
        }
        *value = op == '&' ? *value & other : op == '|' ? *value | other : *value ^ other;
    }
    return true;
}

static bool parse_sum(Parser *parser, uint64_t *value)
{
    char op;
    uint64_t other;
    if (!parse_logic(parser, value)) {
        return false;
    }
    while ((op = take_operator(parser, "+-"))) {
        if (!parse_logic(parser, &other)) {
            return false;
        }
        *value = op == '+' ? *value + other : *value - other;
    }
    return true;
}

bool expression_parse(const char **at, ExpressionRegister *lookup, void *opaque, uint64_t *value,
                      GError **error)
{
    Parser parser = {.at = *at, .lookup = lookup, .opaque = opaque, .error = error};
    bool ok = parse_sum(&parser, value);
    *at = parser.at;
    return ok;
}
