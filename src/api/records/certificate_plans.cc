#include <algorithm>

#include "api/records/record_plans.h"
#include "api/request/live_fields.h"
#include "base/cat.h"

namespace lb {
Plan list_certificates(const PlanContext& context) {
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const CertificateNow& row : context.world.live->certificates)
    JsonObject<kCertificateFields>::write(json, row, Form::kAnswer);
  json.end_array().end_object();
  return answered(json);
}

Plan order_certificate_plan(const PlanContext& context) {
  const std::string& name = context.request.names.at(0);
  const auto& rows = context.world.live->certificates;
  const auto row = std::ranges::find_if(rows, [&name](const CertificateNow& one) {
    return std::ranges::find(one.names, name) != one.names.end();
  });
  if (row == rows.end()) return not_found("certificate", name);
  if (!row->ordered)
    return Problem{ProblemName::kRefused, cat({"the certificate for ", name,
                                               " is a file of the configuration; this server does "
                                               "not order it"})};
  if (row->under_way)
    return Problem{ProblemName::kBusy, cat({"the certificate for ", name, " is being ordered"})};
  const bool staging = context.request.is_on(Switch::kStaging);
  const bool revokes = context.request.is_on(Switch::kRevoke);
  if (staging && revokes) return wrong_parameter("revoke", "staging and revoke exclude each other");
  if (staging && !row->staging)
    return Problem{ProblemName::kRefused, cat({"the authority of the certificate for ", name,
                                               " has no staging directory (staging=)"})};
  if (!staging && row->may_be_asked.count() > 0) {
    Problem problem{ProblemName::kSlowed, cat({"the certificate for ", name,
                                               " was ordered by hand within the last hour; "
                                               "again in ",
                                               (row->may_be_asked.count() + 59) / 60, " minutes"})};
    problem.retry_after = row->may_be_asked;
    return problem;
  }
  Planned plan = done({staging   ? "try-staging"
                       : revokes ? "order-and-revoke"
                                 : "order",
                       "certificates/" + name,
                       {}});
  ApiOrder order;
  order.kind = ApiOrder::Kind::kOrderCertificate;
  order.certificate = name;
  order.staging = staging;
  order.revokes = revokes;
  plan.order = std::move(order);
  return plan;
}

}  // namespace lb
