// tell_frame: reads ASK and TELL: the listeners of a mount at a node, asked for by its master.
//
// Source: doc/link.md, ASK and TELL.
// Thread: pure functions.
// Errors: the fault of FrameMembers.
#pragma once

#include "cluster/link/frame.h"

namespace lb {

class FrameMembers;

AskFrame read_ask(FrameMembers& in);
TellFrame read_tell(FrameMembers& in);

}  // namespace lb
