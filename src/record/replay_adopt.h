/*
 * Making the machine that a user asks for that of a recording.
 */
#ifndef PIOEMU_RECORD_REPLAY_ADOPT_H
#define PIOEMU_RECORD_REPLAY_ADOPT_H

#include "src/record/replay_header.h"

/*
 * What decides the run comes from the recording.  The guest's files and where
 * output goes stay the user's: a file that is not the recording's, or a
 * contradiction in what else was asked for, is refused.
 */
bool replay_adopt(Config *config, const ReplayHeader *header, GError **error);

#endif
