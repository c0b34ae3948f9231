// Checks of <webhook>: addresses that nothing can be sent to, and events that never occur.
#include <algorithm>

#include "base/cat.h"
#include "base/strings.h"
#include "config/load/checks.h"

namespace lb {

void check_webhooks(const Config& config, Filler& filler) {
  for (std::size_t i = 0; i < config.webhooks.size(); ++i) {
    const WebhookSettings& hook = config.webhooks[i];
    const int line = filler.line_of(numbered("webhook", i));
    if (!hook.url.starts_with("http://") && !hook.url.starts_with("https://"))
      filler.report(line, Severity::kError,
                    cat({"<webhook>: its url is not an http or https address; nothing is sent"}));
    for (const std::string& name : hook.events) {
      if (std::ranges::find(kEventNames, name) != kEventNames.end()) continue;
      const std::string_view near = nearest_word(name, kEventNames);
      filler.report(line, Severity::kError,
                    cat({"<webhook>: there is no event ", name,
                         near.empty() ? "" : cat({"; did you mean ", near, "?"})}));
    }
  }
}

}  // namespace lb
