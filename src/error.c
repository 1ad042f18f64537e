#include "src/error.h"

G_DEFINE_QUARK(pioemu - error - quark, pioemu_error)
