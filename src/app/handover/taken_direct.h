// TakenDirect: a listener that waits for its mount, as the process before handed it over.
// Thread: control.
// Ownership: TakeOver.
#pragma once

#include <memory>

#include "stream/listener/direct_record.h"
#include "stream/listener/end_notice.h"

namespace lb {

struct TakenDirect {
  DirectRecord saved;
  std::unique_ptr<EndNotice> notice;
};

}  // namespace lb
