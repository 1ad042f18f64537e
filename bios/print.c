/*
 * Prints the BIOS's own messages.
 */
#include "bios/services.h"
#include "bios/terminal.h"

#include <stdarg.h>

static void print_character(char character)
{
    if (character == '\n') {
        video_teletype('\r');
    }
    video_teletype((uint8_t)character);
}

static void print_number(unsigned number, unsigned base)
{
    if (number >= base) {
        print_number(number / base, base);
    }
    print_character("0123456789abcdef"[number % base]);
}

static void print_text(const char *text)
{
    while (*text) {
        print_character(*text++);
    }
}

static void print_argument(char kind, va_list *args)
{
    switch (kind) {
    case 's':
        print_text(va_arg(*args, const char *));
        break;
    case 'c':
        print_character((char)va_arg(*args, int));
        break;
    case 'u':
        print_number(va_arg(*args, unsigned), 10);
        break;
    case 'x':
        print_number(va_arg(*args, unsigned), 16);
        break;
    default:
        break;
    }
}

void print(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    while (*format) {
        if (*format == '%') {
            print_argument(format[1], &args);
            format += 2;
        } else {
            print_character(*format++);
        }
    }
    va_end(args);
    terminal_end();
}
