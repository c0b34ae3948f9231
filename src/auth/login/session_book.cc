#include "auth/login/session_book.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "net/crypto/digest.h"
#include "net/crypto/seal.h"

namespace lb {
namespace {

constexpr std::size_t kSidBytes = 16;
constexpr std::int64_t kForgetEvery = 60;
// The clocks of two nodes may differ by this.
constexpr std::int64_t kClockError = 30;

std::string new_sid() { return base64url_encode(random_bytes(kSidBytes)); }

std::int64_t count_of(std::chrono::seconds time) { return time.count(); }

template <class Table>
auto least(Table& table) {
  return std::min_element(table.begin(), table.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; });
}

// Notes how long a token lives; a full table, which only counts them, drops the one that ends
// first.
template <class Table>
void note_live(Table& table, std::string sid, std::int64_t until) {
  if (table.size() >= SessionBook::kMaxLive && table.find(sid) == table.end())
    table.erase(least(table));
  table[std::move(sid)] = until;
}

// Whether the key and the user behind a handed-over session still allow it.
bool is_vouched_for(const Session& session, const SessionKeys& others, std::int64_t now) {
  if (others.find(session.vouched_by, now) == nullptr) return false;
  if (session.file) return true;
  const User* user = others.user(session.user);
  // The session may have a newer epoch than the record that has reached this node.
  return user != nullptr && user->epoch <= session.epoch;
}

}  // namespace

const SessionKeys::Key* SessionKeys::find(std::string_view kid, std::int64_t now) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& one) {
    return one.kid == kid && (one.until == 0 || one.until > now);
  });
  return found == keys.end() ? nullptr : &*found;
}

bool SessionKeys::has_origin(std::string_view master, std::string_view origin) const {
  return std::any_of(origins.begin(), origins.end(), [&](const Origin& one) {
    return one.master == master && one.origin == origin;
  });
}

const User* SessionKeys::user(std::string_view name) const {
  const auto found = users.find(name);
  return found == users.end() || found->second->disabled ? nullptr : found->second.get();
}

SessionBook::SessionBook(const Clock& clock, const Snapshot<SessionKeys>& others)
    : clock_(clock), others_(others), began_(unix_seconds(clock.wall())) {}

void SessionBook::configure(Settings settings) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (settings.node != settings_.node) judged_.clear();
  settings_ = std::move(settings);
}

SessionBook::Settings SessionBook::settings() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return settings_;
}

void SessionBook::set_keys(std::shared_ptr<const KeyRing> ring) {
  std::lock_guard<std::mutex> guard(mutex_);
  ring_ = std::move(ring);
}

std::shared_ptr<const KeyRing> SessionBook::keys() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return ring_;
}

std::string SessionBook::sign(TokenKind kind, Session session) {
  const auto ring = keys();
  if (!ring) return {};
  session.kid = ring->newest().kid;
  return make_token(kind, session, ring->newest().key);
}

std::string SessionBook::begin(Session of) {
  const std::int64_t now = unix_seconds(clock_.wall());
  const Settings settings = this->settings();
  of.sid = new_sid();
  of.audience = settings.node;
  of.issued = now;
  if (of.parent.empty()) of.login = now;
  of.expires = std::min(now + count_of(settings.idle), of.login + count_of(settings.most));
  if (of.parent.empty()) {
    // A login in the second of an end_all() must not count as ended by it.
    std::lock_guard<std::mutex> guard(mutex_);
    of.login = std::max(now, all_ended(of.user) + 1);
  }
  const std::string token = sign(TokenKind::kSession, of);
  std::lock_guard<std::mutex> guard(mutex_);
  note_live(live_, of.sid, of.expires);
  forget_old(now);
  return token;
}

bool SessionBook::is_ended(const Session& session, const SessionKeys& others) const {
  const std::string& root = login_root(session);
  return ended_.contains(session.sid) || ended_.contains(root) || others.ended.contains(root);
}

bool SessionBook::is_over(const Session& session, const SessionKeys& others,
                          std::int64_t now) const {
  if (session.expires <= now || session.audience != settings_.node) return true;
  if (session.login + count_of(settings_.most) <= now) return true;
  if (!ring_ || ring_->find(session.kid, now) == nullptr) return true;
  if (is_ended(session, others)) return true;
  if (session.login <= all_ended(session.user)) return true;
  return !session.parent.empty() && !is_vouched_for(session, others, now);
}

std::optional<Session> SessionBook::judge(std::string_view token) {
  if (token.size() > kMaxTokenBytes) return std::nullopt;
  const std::int64_t now = unix_seconds(clock_.wall());
  const std::string digest = sha256(token);
  const auto others = others_.read();
  {
    std::lock_guard<std::mutex> guard(mutex_);
    const auto found = judged_.find(digest);
    if (found != judged_.end()) {
      if (!is_over(found->second, *others, now)) return found->second;
      judged_.erase(found);
      return std::nullopt;
    }
  }
  const auto unproven = take_token_apart(TokenKind::kSession, token);
  if (!unproven) return std::nullopt;
  const auto ring = keys();
  // Key ids are random, so a token with an unknown one costs no signature check.
  const OwnKey* key = ring ? ring->find(unproven->session.kid, now) : nullptr;
  if (key == nullptr ||
      !signature_holds(key->key.public_key(), unproven->signed_part, unproven->signature))
    return std::nullopt;
  std::lock_guard<std::mutex> guard(mutex_);
  if (is_over(unproven->session, *others, now)) return std::nullopt;
  if (judged_.size() >= kMaxJudged) {
    std::erase_if(judged_, [now](const auto& row) { return row.second.expires <= now; });
    if (judged_.size() >= kMaxJudged) judged_.clear();
  }
  judged_.emplace(digest, unproven->session);
  note_live(live_, unproven->session.sid, unproven->session.expires);
  forget_old(now);
  return unproven->session;
}

bool SessionBook::lives(Session session) const {
  const std::int64_t now = unix_seconds(clock_.wall());
  const auto others = others_.read();
  session.expires = now + 1;
  std::lock_guard<std::mutex> guard(mutex_);
  return !is_over(session, *others, now);
}

std::string SessionBook::renew(const Session& session) {
  if (session.file && !session.parent.empty()) return {};
  const std::int64_t now = unix_seconds(clock_.wall());
  const Settings settings = this->settings();
  Session next = session;
  next.expires = std::min(now + count_of(settings.idle), session.login + count_of(settings.most));
  const std::int64_t left = session.expires - now;
  // Times are whole seconds: a short session is renewed in its last one.
  const bool fresh = left > 1 && left * 2 > count_of(settings.idle);
  if (fresh || next.expires <= session.expires) return {};
  next.issued = now;
  const std::string token = sign(TokenKind::kSession, next);
  std::lock_guard<std::mutex> guard(mutex_);
  note_live(live_, next.sid, next.expires);
  return token;
}

std::string SessionBook::csrf(std::string_view sid) const {
  const auto ring = keys();
  if (!ring) return {};
  const std::string key = hkdf_sha256(ring->secret(), "", "csrf", 32);
  return base64url_encode(hmac_sha256(key, sid));
}

std::int64_t SessionBook::all_ended(const std::string& user) const {
  const auto found = all_ended_.find(user);
  return std::max(all_users_ended_, found == all_ended_.end() ? 0 : found->second);
}

void SessionBook::note_all_ended(const std::string& user, std::int64_t when) {
  changes_.fetch_add(1, std::memory_order_relaxed);
  if (all_ended_.size() >= kMaxUsers && !all_ended_.contains(user)) {
    const auto oldest = least(all_ended_);
    all_users_ended_ = std::max(all_users_ended_, oldest->second);
    all_ended_.erase(oldest);
  }
  auto& known = all_ended_[user];
  known = std::max(known, when);
}

void SessionBook::note_ended(const std::string& sid, const Session& of, std::int64_t until) {
  changes_.fetch_add(1, std::memory_order_relaxed);
  if (ended_.size() >= kMaxEnded && !ended_.contains(sid)) make_room();
  ended_[sid] = {until, {of.user, of.login}};
}

void SessionBook::make_room() {
  std::map<std::string_view, std::vector<std::int64_t>> logins;
  for (const auto& [sid, ended] : ended_) logins[ended.owner.user].push_back(ended.owner.login);
  const auto most = std::max_element(
      logins.begin(), logins.end(),
      [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  auto& times = most->second;
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>((times.size() - 1) / 2);
  std::nth_element(times.begin(), middle, times.end());
  const std::string user(most->first);
  note_all_ended(user, *middle);
  std::erase_if(ended_, [&, until = *middle](const auto& row) {
    return row.second.owner.user == user && row.second.owner.login <= until;
  });
}

void SessionBook::end(const Session& session) {
  const std::int64_t now = unix_seconds(clock_.wall());
  std::lock_guard<std::mutex> guard(mutex_);
  // A token that was renewed a moment ago may expire this late.
  note_ended(session.sid, session, std::max(session.expires, now + count_of(settings_.idle)) + 1);
  live_.erase(session.sid);
}

EndedLogin SessionBook::end_login(const Session& session) {
  end(session);
  const std::string& root = login_root(session);
  const std::int64_t now = unix_seconds(clock_.wall());
  std::lock_guard<std::mutex> guard(mutex_);
  note_ended(root, session, std::max(session.expires, now + count_of(settings_.idle)) + 1);
  live_.erase(root);
  return {root, session.user, session.login + count_of(settings_.most) + kClockError};
}

void SessionBook::end_all(std::string_view user) {
  const std::int64_t now = unix_seconds(clock_.wall());
  std::lock_guard<std::mutex> guard(mutex_);
  note_all_ended(std::string(user), now);
}

EndedSessions SessionBook::ended() const {
  std::lock_guard<std::mutex> guard(mutex_);
  EndedSessions out;
  for (const auto& [sid, ended] : ended_) {
    out.sessions.emplace(sid, ended.until);
    out.owners.emplace(sid, ended.owner);
  }
  out.users.insert(all_ended_.begin(), all_ended_.end());
  out.all = all_users_ended_;
  return out;
}

void SessionBook::restore(const EndedSessions& ended) {
  std::lock_guard<std::mutex> guard(mutex_);
  for (const auto& [sid, until] : ended.sessions) {
    Session of;
    if (const auto owner = ended.owners.find(sid); owner != ended.owners.end()) {
      of.user = owner->second.user;
      of.login = owner->second.login;
    }
    note_ended(sid, of, until);
  }
  for (const auto& [user, when] : ended.users) note_all_ended(user, when);
  all_users_ended_ = std::max(all_users_ended_, ended.all);
}

std::string SessionBook::ended_text() const {
  const EndedSessions now = ended();
  std::string text;
  for (const auto& [sid, until] : now.sessions) {
    const SessionOwner& owner = now.owners.at(sid);
    text += cat({"session ", sid, " ", until, " ", owner.login, " ", owner.user, "\n"});
  }
  for (const auto& [user, when] : now.users) text += cat({"user ", when, " ", user, "\n"});
  if (now.all > 0) text += cat({"all ", now.all, "\n"});
  return text;
}

void SessionBook::load_ended(std::string_view text) {
  EndedSessions ended;
  for (std::string_view line : split(text, '\n')) {
    const auto word = [&line] {
      const std::size_t end = std::min(line.find(' '), line.size());
      const std::string_view found = line.substr(0, end);
      line.remove_prefix(std::min(end + 1, line.size()));
      return found;
    };
    const auto time = [&word] { return static_cast<std::int64_t>(parse_u64(word()).value_or(0)); };
    const std::string_view kind = word();
    if (kind == "session") {
      const std::string sid(word());
      ended.sessions[sid] = time();
      SessionOwner& owner = ended.owners[sid];
      owner.login = time();
      owner.user = line;
    } else if (kind == "user") {
      const std::int64_t when = time();
      ended.users[std::string(line)] = when;
    } else if (kind == "all") {
      ended.all = time();
    }
  }
  restore(ended);
}

std::string SessionBook::hand_over(const Session& session, std::string_view node) {
  // The administrator's own master sends no record of it to other nodes.
  if (session.file && !session.parent.empty()) return {};
  const std::int64_t now = unix_seconds(clock_.wall());
  Session token = session;
  token.root = session.parent.empty() ? std::string() : login_root(session);
  token.parent = session.sid;
  token.vouched_by.clear();
  token.sid = new_sid();
  token.audience = node;
  token.issued = now;
  token.expires = now + count_of(kHandoverValid);
  return sign(TokenKind::kHandover, std::move(token));
}

Result<Session> SessionBook::take_over(std::string_view token, std::string_view origin,
                                       const AheadOf& ahead_of) {
  const std::int64_t now = unix_seconds(clock_.wall());
  auto unproven = take_token_apart(TokenKind::kHandover, token);
  if (!unproven) return Error::invalid("it is not the token of a hand-over");
  Session& session = unproven->session;
  const auto others = others_.read();
  const SessionKeys::Key* key = others->find(session.kid, now);
  if (key == nullptr)
    return Error::denied("no other master is known here to sign by the key " + session.kid);
  if (!signature_holds(key->public_key, unproven->signed_part, unproven->signature))
    return Error::denied(cat({"master ", key->master, " has not signed it"}));
  const std::string of_master = " of master " + key->master;
  if (!others->has_origin(key->master, origin))
    return Error::denied(
        cat({'"', origin, "\" is not an address of the pages", of_master, " (<console origin>)"}));
  const std::int64_t ahead = ahead_of(key->master), its_now = now + ahead;
  if (session.expires <= its_now || session.issued > its_now + kClockError ||
      session.expires - session.issued > count_of(kHandoverValid) ||
      session.issued < began_ + ahead)
    return Error::timeout(cat({"it", of_master, " was valid from ", session.issued, " to ",
                               session.expires, " and is judged at ", its_now}));
  session.vouched_by = session.kid;
  if (session.parent.empty() || !is_vouched_for(session, *others, now))
    return Error::denied(cat({"user \"", session.user, '"', of_master,
                              " has gone, is disabled, or has other rights by now"}));
  std::lock_guard<std::mutex> guard(mutex_);
  if (session.audience != settings_.node)
    return Error::denied(cat({"it", of_master, " is for node \"", session.audience, '"'}));
  if (ended_.contains(session.sid)) return Error::denied(cat({"it", of_master, " has been used"}));
  if (is_ended(session, *others) || session.login <= all_ended(session.user))
    return Error::denied(cat({"the login of \"", session.user, '"', of_master, " has ended"}));
  note_ended(session.sid, session, session.expires - ahead + kClockError);
  return std::move(session);
}

std::size_t SessionBook::live() const {
  const std::int64_t now = unix_seconds(clock_.wall());
  std::lock_guard<std::mutex> guard(mutex_);
  return static_cast<std::size_t>(std::count_if(
      live_.begin(), live_.end(), [now](const auto& row) { return row.second > now; }));
}

void SessionBook::forget_old(std::int64_t now) {
  if (now - forgot_ < kForgetEvery) return;
  forgot_ = now;
  std::erase_if(ended_, [now](const auto& row) { return row.second.until <= now; });
  std::erase_if(live_, [now](const auto& row) { return row.second <= now; });
  const std::int64_t oldest = now - count_of(settings_.most);
  std::erase_if(all_ended_, [oldest](const auto& row) { return row.second < oldest; });
}

}  // namespace lb
