// The plan of GET /api/v1/audit: what was done, the newest first, out of the audit log.
//
// An administrator sees all of it; an owner what a login of its account did, and what was done to
// mounts, users and tokens of its account, then without the address that it was done from.
// Source: doc/operators.md.
// Thread: the clerk: it reads a file.
#pragma once

#include <string>
#include <string_view>

#include "api/request/request.h"

namespace lb {

struct PlanContext;
class RecordBook;

Plan list_audit(const PlanContext& context);
// The account of what a line is about: a record of the book, a mount, or a path of the API.  Where
// the deed makes it, the deed names the account.  deed: may be null.
std::string audited_account(const RecordBook& book, std::string_view on, const ApiDeed* deed);

}  // namespace lb
