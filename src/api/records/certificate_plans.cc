#include "api/records/certificate_plans.h"

#include <algorithm>

#include "base/cat.h"

namespace lb {
namespace {

void known_text(JsonWriter& json, std::string_view name, const std::string& text) {
  json.key(name);
  if (text.empty())
    json.null();
  else
    json.text(text);
}

void known_time(JsonWriter& json, std::string_view name, std::optional<std::int64_t> time) {
  json.key(name);
  if (time)
    json.number(*time);
  else
    json.null();
}

void write_certificate_row(JsonWriter& json, const CertificateNow& row) {
  json.begin_object().key("names").begin_array();
  for (const std::string& name : row.names) json.text(name);
  json.end_array();
  known_text(json, "issuer", row.issuer);
  known_text(json, "kind", row.kind);
  known_time(json, "until", row.until);
  json.key("ordered").boolean(row.ordered);
  known_time(json, "next", row.next);
  json.key("failures").number(row.failures);
  known_text(json, "failure", row.failure);
  known_text(json, "directory", row.directory);
  json.key("under_way").boolean(row.under_way);
  json.key("wait_s").number(static_cast<std::int64_t>(row.may_be_asked.count()));
  json.key("staging").boolean(row.staging);
  json.key("nodes");
  if (row.nodes) {
    json.begin_array();
    for (const std::string& node : *row.nodes) json.text(node);
    json.end_array();
  } else {
    json.null();
  }
  json.end_object();
}

}  // namespace

Plan list_certificates(const PlanContext& context) {
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const CertificateNow& row : context.world.live->certificates)
    write_certificate_row(json, row);
  json.end_array().end_object();
  Planned plan;
  plan.answer.body = json.take() + "\n";
  return plan;
}

Plan order_certificate_plan(const PlanContext& context) {
  const std::string& name = context.request.names.at(0);
  const auto& rows = context.world.live->certificates;
  const auto row = std::find_if(rows.begin(), rows.end(), [&name](const CertificateNow& one) {
    return std::find(one.names.begin(), one.names.end(), name) != one.names.end();
  });
  if (row == rows.end()) return not_found("certificate", name);
  if (!row->ordered)
    return Problem{ProblemName::kRefused, cat({"the certificate for ", name,
                                               " is a file of the configuration; this server does "
                                               "not order it"})};
  if (row->under_way)
    return Problem{ProblemName::kBusy, cat({"the certificate for ", name, " is being ordered"})};
  const bool staging = query_param(context.request.query, "staging").value_or("0") == "1";
  const bool revokes = query_param(context.request.query, "revoke").value_or("0") == "1";
  if (staging && revokes)
    return Problem{ProblemName::kInvalid, "staging and revoke exclude each other"};
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
  Planned plan;
  plan.answer.status = 204;
  plan.deed = ApiDeed{staging   ? "try-staging"
                      : revokes ? "order-and-revoke"
                                : "order",
                      "certificates/" + name,
                      {}};
  ApiOrder order;
  order.kind = ApiOrder::Kind::kOrderCertificate;
  order.certificate = name;
  order.staging = staging;
  order.revokes = revokes;
  plan.order = std::move(order);
  return plan;
}

}  // namespace lb
