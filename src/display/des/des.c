/* The cipher of VNC's passwords, with nettle.  It is a module (vnc_password.h). */
#include "src/display/vnc_password.h"

#include <nettle/des.h>

static void encrypt(const uint8_t *key, const uint8_t *from, uint8_t *to, size_t size)
{
    struct des_ctx des;
    uint8_t odd[VNC_KEY_SIZE];
    des_fix_parity(sizeof(odd), odd, key);
    des_set_key(&des, odd);
    des_encrypt(&des, size, to, from);
}

const VncCipher PIOEMU_DES = {.encrypt = encrypt};
