#include "src/display/vnc_password.h"

#include "src/base/error.h"
#include "src/base/module.h"
#include "src/display/rfb.h"

#include <string.h>

bool vnc_password_init(VncPassword *password, GError **error)
{
    g_autoptr(GError) failure = NULL;
    *password = (VncPassword){.expires = INT64_MAX};
    password->cipher = module_symbol(VNC_CIPHER_MODULE, VNC_CIPHER_SYMBOL, &failure);
    return password->cipher ||
           error_refuse(error, "a password needs nettle (package libnettle8): %s",
                        failure->message);
}

void vnc_password_clear(VncPassword *password)
{
    g_clear_pointer(&password->text, g_free);
}

/* VNC counts the bits of the key's bytes from the other end. */
static uint8_t mirror(uint8_t byte)
{
    unsigned mirrored = 0;
    for (unsigned bit = 0; bit < 8; bit++) {
        mirrored |= (byte >> bit & 1u) << (7 - bit);
    }
    return (uint8_t)mirrored;
}

bool vnc_password_verify(const VncPassword *password, const uint8_t *challenge,
                         const uint8_t *response)
{
    uint8_t key[VNC_KEY_SIZE] = {0}, expected[RFB_CHALLENGE_SIZE], difference = 0;
    const char *text = password->text ? password->text : "";
    for (unsigned i = 0; i < VNC_KEY_SIZE && text[i]; i++) {
        key[i] = mirror((uint8_t)text[i]);
    }
    password->cipher->encrypt(key, challenge, expected, sizeof(expected));
    for (unsigned i = 0; i < sizeof(expected); i++) {
        difference |= expected[i] ^ response[i];
    }
    return !difference && *text && g_get_real_time() / G_USEC_PER_SEC < password->expires;
}
