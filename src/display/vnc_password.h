/*
 * The password of VNC, whose check needs the cipher DES.  The cipher is in a
 * module with the library nettle, which only -vnc with password=on loads.
 */
#ifndef PIOEMU_DISPLAY_VNC_PASSWORD_H
#define PIOEMU_DISPLAY_VNC_PASSWORD_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define VNC_CIPHER_MODULE "pioemu-des"
#define VNC_CIPHER_SYMBOL "PIOEMU_DES"
#define VNC_KEY_SIZE      8u

/* The symbol VNC_CIPHER_SYMBOL of the module. */
typedef struct VncCipher {
    /* Enciphers blocks of VNC_KEY_SIZE bytes, `size` in all. */
    void (*encrypt)(const uint8_t *key, const uint8_t *from, uint8_t *to, size_t size);
} VncCipher;

typedef struct VncPassword {
    const VncCipher *cipher;
    char *text;      /* NULL: no client gets in */
    int64_t expires; /* in seconds since 1970 */
} VncPassword;

/* Loads the module.  There is no password then, so no client gets in. */
bool vnc_password_init(VncPassword *password, GError **error);
void vnc_password_clear(VncPassword *password);
/* Takes a time that does not depend on the response.  Both have RFB_CHALLENGE_SIZE bytes. */
bool vnc_password_verify(const VncPassword *password, const uint8_t *challenge,
                         const uint8_t *response);

#endif
