/* Changes the machine that the user asked for into that of a recording. */
#ifndef PIOEMU_RECORD_REPLAY_ADOPT_H
#define PIOEMU_RECORD_REPLAY_ADOPT_H

#include "src/record/replay_header.h"

/*
 * Everything that decides the run comes from the recording.  The user still gives
 * the guest's files and the destinations of the output.  A file that differs from
 * the recording's, or an option that contradicts the recording, is refused.
 */
bool replay_adopt(Config *config, const ReplayHeader *header, GError **error);

#endif
