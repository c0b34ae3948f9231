// The plan of GET /api/v1/audit: entries of the audit log, newest first.
//
// An administrator sees all; an owner sees actions of its account's logins, and actions on mounts,
// users and tokens of its account, these without the address.
// Source: doc/operators.md.
// Thread: the clerk: it reads a file.
#pragma once

#include <string>
#include <string_view>

#include "api/request/request.h"

namespace lb {

struct Config;
struct PlanContext;
class RecordBook;

Plan list_audit(const PlanContext& context);
// The account of the object of a line: a record of the book, a mount, or a path of the API.  A deed
// that creates the object names its account. deed: may be null.
std::string audited_account(const RecordBook& book, const Config& config, std::string_view on,
                            const ApiDeed* deed);

}  // namespace lb
