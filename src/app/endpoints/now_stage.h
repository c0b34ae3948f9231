// NowStage: the title that plays now, without a login and without <api>: /api/v1/now, and
// AzuraCast's addresses, unless a mount or a file of the web root has that name.
// Source: doc/titles.md.
// Thread: its worker.
// Ownership: its worker.
#pragma once

#include <string>

#include "app/endpoints/page_stage.h"

namespace lb {

class NowStage final : public PageStage {
 public:
  using PageStage::PageStage;
  Verdict handle(Connection& connection) override;

 private:
  Verdict answer_place(Connection& connection, const std::string& name) const;
  bool refused_as_the_stream(Connection& connection, const std::string& name) const;
  Verdict answer_titles(Connection& connection, const std::string& name) const;
};

}  // namespace lb
