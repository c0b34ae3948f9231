#include "app/operate/key_records.h"

#include <algorithm>
#include <utility>

#include "api/request/record_book.h"
#include "app/services/event_service.h"
#include "app/services/login_service.h"
#include "app/services/traffic.h"
#include "app/topology/own_origins.h"
#include "base/cat.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kKeyRetry = 2s, kKeyCheck = std::chrono::seconds(1h);
constexpr std::size_t kKeyWrites = Registry::kWriteOperations / 2;

// The kid of keys/MASTER/KID; "": not one of this master's keys.
std::string kid_of(const std::string& key, const KeyRing& ring, std::string_view master) {
  for (const OwnKey& one : ring.keys())
    if (session_key_name(master, one.kid) == key) return one.kid;
  return {};
}

}  // namespace

KeyRecords::KeyRecords(Accounts& accounts)
    : accounts_(accounts),
      book_(std::make_shared<const RecordBook>()),
      writer_(
          accounts.loops.control(), kKeyRetry,
          {[this] { return plan(); }, [this](const CommitAnswer& answer) { written(answer); }}) {}

KeyRecords::Rows KeyRecords::wanted() const {
  Rows wanted;
  const auto config = accounts_.config.read();
  const auto ring = accounts_.login->sessions().keys();
  if (ring == nullptr || !accounts_.login->on()) return wanted;
  const std::string own = node_name(*config);
  const std::int64_t now = unix_seconds(accounts_.clock.wall());
  for (const OwnKey& key : ring->keys())
    if (key.until == 0 || key.until > now)
      wanted[session_key_name(own, key.kid)] = session_key_record(key);
  if (const auto origins = own_origins(*config); !origins.empty())
    wanted[master_record_name(own)] = master_record(origins);
  return wanted;
}

RegistryWrite KeyRecords::plan(const Rows& wanted) {
  RegistryWrite write;
  const auto& known = book_->masters();
  const auto complain = [this](const std::string& key) {
    if (!complained_.insert(key).second) return;
    accounts_.log.error("store/keys",
                        cat({"record ", key,
                             ": another server writes it under the name of this one, so its "
                             "sessions may be refused; it is left as it is (<cluster><id>)"}));
  };
  const auto room = [&write] { return write.compares.size() < kKeyWrites; };
  for (const auto& [key, value] : wanted) {
    const auto at = known.find(key);
    if (at != known.end() && *at->second == value) {
      told_[key] = value;
      continue;
    }
    const auto before = told_.find(key);
    if (at != known.end() && before != told_.end() && before->second == value) {
      complain(key);
    } else if (room()) {
      write.put(key, value, book_->revision_of(key));
    }
  }
  const std::string own = session_key_name(node_name(*accounts_.config.read()), "");
  for (const auto& [key, value] : known) {
    if (wanted.contains(key)) continue;
    // At the start a record with this server's prefix comes from an earlier run of the server.
    if (!told_.contains(key) && !(key.starts_with(own) && !all_published_)) {
      if (key.starts_with(own)) complain(key);
      continue;
    }
    if (!room()) continue;
    write.remove(key, book_->revision_of(key));
  }
  return write;
}

RegistryWrite KeyRecords::plan() {
  publishing_ = {};
  const Rows rows = wanted();
  if (rows.empty() && told_.empty()) return {};
  publishing_ = plan(rows);
  if (publishing_.compares.empty()) {
    all_published_ = true;
    check_again();
  }
  return publishing_;
}

void KeyRecords::written(const CommitAnswer& answer) {
  if (answer.result != CommitResult::kDone) return;
  for (const auto& [key, value] : publishing_.puts) told_[key] = value;
  for (const std::string& key : publishing_.deletes) told_.erase(key);
  accounts_.log.info(
      "store/keys",
      cat({"other servers are told the keys of this one's sessions: ", publishing_.puts.size(),
           " records written, ", publishing_.deletes.size(), " deleted"}));
}

// Checks again when the next key expires.
void KeyRecords::check_again() {
  const auto ring = accounts_.login->sessions().keys();
  std::chrono::seconds wait = kKeyCheck;
  const std::int64_t now = unix_seconds(accounts_.clock.wall());
  if (ring != nullptr)
    for (const OwnKey& key : ring->keys())
      if (key.until > now) wait = std::min(wait, std::chrono::seconds(key.until - now));
  writer_.check_after(wait + 1s);
}

void KeyRecords::note_deleted(const RegistryChange& change) {
  const auto ring = accounts_.login->sessions().keys();
  // Restoring a store from a backup also deletes records that it never had.
  if (ring == nullptr || change.revision <= book_->revision()) return;
  const std::string own = node_name(*accounts_.config.read());
  for (const std::string& key : change.deleted)
    if (told_.contains(key))
      if (std::string kid = kid_of(key, *ring, own); !kid.empty())
        accounts_.login->revoke_key(std::move(kid));
}

}  // namespace lb
