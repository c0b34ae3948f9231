// NowStage: what plays now, without a login: /api/v1/now, and AzuraCast's addresses, where no mount
// and no file of the web root has that name.  Without <api> too.
// Source: doc/titles.md.
// Thread: its worker.
#pragma once

#include "app/stages/page_stage.h"

namespace lb {

class NowStage final : public PageStage {
 public:
  using PageStage::PageStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
