#include "tests/guest/guest_shell.h"

#define PROMPT "pioemu> "

void guest_shell_prompt(Guest *guest)
{
    guest_expect(guest, GUEST_OUT, PROMPT);
}

Guest *guest_shell_start(const GuestTarget *target, const GuestWires *wires, const char *options)
{
    Guest *guest = guest_start(target, wires, "-kernel shell.bin %s", options);
    guest_shell_prompt(guest);
    return guest;
}

void guest_shell_last(Guest *guest, const char *line)
{
    guest_type(guest, line);
    guest_type(guest, "\r");
}

void guest_shell_say(Guest *guest, const char *line, const char *answer)
{
    g_autofree char *expected = g_strdup_printf("%s\r\n%s" PROMPT, line, answer);
    guest_shell_last(guest, line);
    guest_expect(guest, GUEST_OUT, expected);
}
