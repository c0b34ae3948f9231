#include "app/operate/external_answer.h"

#include <string>
#include <utility>

#include "api/request/plan.h"
#include "app/external/external_service.h"
#include "app/operate/record_service.h"
#include "app/services/services.h"

namespace lb {
namespace {

void audit_confirmation(Services& services, const ApiTask& task, const std::string& etag,
                        std::string result) {
  services.records->audit(task, done({"confirm", "external", {{"etag", "", etag}}}),
                          *services.records->view()->book, std::move(result));
}

ApiAnswer whole_answer(const ExternalService& external) {
  ApiAnswer answer;
  answer.body = external.json();
  return answer;
}

}  // namespace

ApiOutcome answer_external(Services& services, const ApiTask& task) {
  ExternalService& external = *services.external;
  if (!external.numbers().on)
    return Problem{ProblemName::kNotFound, "the configuration has no <config-external>"};
  if (task.endpoint->method == Method::kGet) return whole_answer(external);
  const auto etag = task.request.json.at("etag").text();
  if (!etag || etag->empty())
    return Problem{ProblemName::kInvalid,
                   "the list whose removals are believed is named by its ETag",
                   {{"/etag", "is missing, or is not a text"}}};
  const std::string named(*etag);
  if (!external.waits_for(named)) {
    audit_confirmation(services, task, named, "changed");
    return Problem{ProblemName::kChanged,
                   "no removal waits for a list with this ETag; GET names the one that does"};
  }
  if (task.request.dry_run()) return whole_answer(external);
  audit_confirmation(services, task, named, "200");
  if (auto done = external.confirm(named); !done)
    return Problem{ProblemName::kChanged, done.error().what};
  return whole_answer(external);
}

}  // namespace lb
