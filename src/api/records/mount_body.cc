#include "api/records/mount_body.h"

#include <algorithm>
#include <map>

#include "api/request/record_book.h"
#include "auth/password/password_hash.h"
#include "base/cat.h"
#include "base/object_kinds.h"
#include "config/mounts/record_secrets.h"
#include "net/address/country_file.h"
#include "stream/mount/login_hours.h"

namespace lb {
namespace {

constexpr std::string_view kUsualUser = "source";
constexpr std::size_t kLongestLogin = 512;
constexpr std::size_t kLongestWord = 16;
using LoginTime = JsonNumber<0, 253'402'300'799>;

constexpr auto kHoursBody =
    std::to_array({member<JsonText<kLongestWord>, &WeeklyHours::from>("from"),
                   member<JsonText<kLongestWord>, &WeeklyHours::until>("until"),
                   member<JsonTexts<7, kLongestWord>, &WeeklyHours::days>("days")});
// An entry of "sources"; its password and hash in a body are read separately (LoginReader).
constexpr auto kLoginBody = std::to_array(
    {member<JsonText<255>, &RecordLogin::user>("user"),
     member<JsonText<kLongestLogin>, &RecordLogin::hash>("hash").in(Form::kRecord),
     member<LoginTime, &RecordLogin::from>("from").sparse(Form::kRecord),
     member<LoginTime, &RecordLogin::until>("until").sparse(Form::kRecord),
     member<JsonNumber<0, kLongestGrace.count()>, &RecordLogin::grace>("grace").sparse(
         Form::kRecord),
     member<JsonFlag, &RecordLogin::live>("live").sparse(Form::kRecord),
     member<JsonText<64>, &RecordLogin::zone>("zone").sparse(Form::kRecord),
     member<JsonList<kHoursBody, kMaxWeeklyHours>, &RecordLogin::hours>("hours").null(Form::kNew)});

Problem cannot_hash() {
  return Problem{ProblemName::kOverloaded, "the password cannot be hashed on this machine"};
}

const RecordLogin* login_named(const MountRecord* record, std::string_view user) {
  if (record == nullptr) return nullptr;
  const auto at = std::find_if(record->sources.begin(), record->sources.end(),
                               [user](const RecordLogin& login) { return login.user == user; });
  return at == record->sources.end() ? nullptr : &*at;
}

// Reads one entry of "sources" and gives it a hash.
class LoginReader {
 public:
  LoginReader(const PlanContext& context, const MountRecord* before, std::vector<JsonFault>& faults)
      : context_(context), before_(before), faults_(faults) {}

  RecordLogin read(const Json& from, const std::string& at) {
    ObjectReader body(from, Form::kNew, faults_, at);
    const std::size_t faults = faults_.size();
    RecordLogin login;
    login.user = from.at("user").text().value_or(kUsualUser);
    if (const RecordLogin* was = login_named(before_, login.user)) login = *was;
    body.take(kLoginBody, login);
    // GET shows an existing password or hash as true, so true keeps it.
    const auto given = [&body](std::string_view name) -> std::optional<std::string> {
      const Json value = body.take(name);
      if (value.missing() || value.boolean() == true) return std::nullopt;
      return ObjectValue{body, name, value}.text(kLongestLogin);
    };
    const std::optional<std::string> password = given("password"), hash = given("hash");
    // An empty field of a form must not open the mount to all sources.
    if (password && password->empty())
      body.wrong("password", "is empty; without this member one is made, or the old one stays");
    body.finish();
    if (faults_.size() > faults) return login;
    if (password) {
      set(login, *password, best_hash_method());
    } else if (hash) {
      login.hash = *hash;
    } else if (login.hash.empty()) {
      const std::string made = new_password(context_.world.random);
      set(login, made, HashMethod::kSha512);
      made_.emplace_back(login.user, made);
    }
    return login;
  }
  bool hash_failed() const noexcept { return hash_failed_; }
  std::vector<std::pair<std::string, std::string>> take_made() { return std::move(made_); }

 private:
  void set(RecordLogin& login, const std::string& password, HashMethod method) {
    const auto hash = context_.world.hash(method, password);
    hash_failed_ |= !hash;
    login.hash = hash.value_or("");
  }

  const PlanContext& context_;
  const MountRecord* const before_;
  std::vector<JsonFault>& faults_;
  std::vector<std::pair<std::string, std::string>> made_;
  bool hash_failed_ = false;
};

// The logins in the form {"sources": […]} that read_mount_record() reads.
std::string sources_patch(const std::vector<RecordLogin>& logins) {
  JsonWriter json;
  json.begin_object().key("sources").begin_array();
  for (const RecordLogin& login : logins) JsonObject<kLoginBody>::write(json, login, Form::kRecord);
  json.end_array().end_object();
  return json.take();
}

// Refuses changes of members that only other endpoints change, or that cannot change.
void judge_kept(const MountRecord& record, const MountRecord* before,
                std::vector<JsonFault>& faults) {
  static const MountRecord kFresh;
  const MountRecord& was = before == nullptr ? kFresh : *before;
  if (record.state != was.state)
    faults.push_back({"/state", "it is changed by POST …/suspend and …/resume"});
  if (record.made != was.made) faults.push_back({"/made", "the server sets it"});
  if (before != nullptr && record.mount != was.mount)
    faults.push_back({"/mount", "a mount keeps its name"});
  if (record.home != was.home)
    faults.push_back({"/home", "the server chooses it; \"place\" says where it may be"});
  if (record.backup != was.backup)
    faults.push_back({"/backup", "the server chooses it; \"place\" says whether there is one"});
  const RecordPlace& place = record.place;
  if (place.from != was.place.from || place.to != was.place.to ||
      place.force_at != was.place.force_at)
    faults.push_back({"/place", "from, to and force-at belong to a move: POST …/move"});
  else if (before != nullptr && !(place == was.place))
    faults.push_back({"/place", "it counts only when the mount is created"});
  else if (!place.country.empty() && place.country != was.place.country &&
           !is_country(place.country))
    faults.push_back({"/place/country", "two capital letters are needed, such as DE"});
}

std::vector<RecordSecret> all_secrets_of(MountRecord& record) {
  auto secrets = secrets_of(record.settings);
  for (RecordSecret& secret : relay_secrets_of(record.relay)) secrets.push_back(std::move(secret));
  return secrets;
}

// Passwords that the server must send elsewhere cannot be hashed, so the store seals them.
void judge_secrets(const PlanContext& context, const MountRecord& record, const MountRecord* before,
                   std::vector<JsonFault>& faults) {
  MountRecord now = record, was = before == nullptr ? MountRecord() : *before;
  std::map<std::string, std::string> kept;
  for (const RecordSecret& secret : all_secrets_of(was)) kept[secret.place] = *secret.value;
  for (const RecordSecret& secret : all_secrets_of(now)) {
    const auto at = kept.find(secret.place);
    if (at != kept.end() && at->second == *secret.value) continue;
    if (!context.world.seals)
      faults.push_back({secret.pointer,
                        "has to be sent elsewhere, and is kept only if it can be sealed: "
                        "<store> of the configuration file needs a key"});
    else if (secret.value->size() > kLongestSecret)
      faults.push_back({secret.pointer, cat({"has ", secret.value->size(), " bytes (limit ",
                                             kLongestSecret, ")"})});
    else if (SealKeys::is_sealed(*secret.value))
      faults.push_back(
          {secret.pointer, "begins like a sealed text, but is not one of this record"});
  }
}

// GET shows an existing password as true, so true keeps it.  Missing: no password is kept.
Json with_kept_secrets(const Json& given, const MountRecord& before) {
  const Json options = given.at("settings").at("authentication").at("option");
  XmlNode was = before.settings;
  std::map<std::string, std::string> kept;
  for (const RecordSecret& secret : secrets_of(was)) kept[secret.place] = *secret.value;
  bool any = false;
  JsonWriter json;
  json.begin_object().key("settings").begin_object().key("authentication").begin_object();
  json.key("option").begin_array();
  for (std::size_t i = 0; i < options.size(); ++i) {
    const auto name = options.at(i).at("name").text();
    const Json value = options.at(i).at("value");
    if (!name || options.at(i).size() != 2) return {};
    const auto at = kept.find(cat({"/authentication/option/", *name}));
    const bool keeps = value.boolean() == true && at != kept.end();
    if (!keeps && !value.text()) return {};
    any = any || keeps;
    json.begin_object().key("name").text(*name).key("value");
    json.text(keeps ? std::string_view(at->second) : *value.text()).end_object();
  }
  json.end_array().end_object().end_object().end_object();
  if (!any) return {};
  return *Json::parse(json.take());
}

// The same for the relay's password.
Json with_kept_relay_secret(const Json& given, const MountRecord& before) {
  if (given.at("relay").at("password").boolean() != true) return {};
  XmlNode was = before.relay;
  const auto secrets = relay_secrets_of(was);
  if (secrets.empty()) return {};
  JsonWriter json;
  json.begin_object().key("relay").begin_object();
  json.key("password").text(*secrets.front().value).end_object().end_object();
  return *Json::parse(json.take());
}

SetBy set_by_of(Role role) { return role == Role::kAdmin ? SetBy::kAdmin : SetBy::kOwner; }

Json as_json(const MountRecord& record) {
  JsonWriter json;
  write_mount_record(json, record, RecordSecrets::kWhole);
  auto parsed = Json::parse(json.take());
  return parsed ? *std::move(parsed) : Json();
}

}  // namespace

std::variant<std::pair<RecordLogin, std::string>, Problem> new_source_login(
    const PlanContext& context, const std::string& user) {
  RecordLogin login;
  login.user = user;
  std::string password = new_password(context.world.random);
  auto hash = context.world.hash(HashMethod::kSha512, password);
  if (!hash) return cannot_hash();
  login.hash = *std::move(hash);
  return std::pair{std::move(login), std::move(password)};
}

std::variant<MountBody, Problem> read_mount_body(const PlanContext& context, BodyUse use,
                                                 const MountRecord* before) {
  const Json& given = context.request.json;
  if (!given.is_object()) return invalid_at("", "an object is needed");
  std::vector<JsonFault> faults;
  LoginReader logins(context, before, faults);
  std::vector<RecordLogin> sources;
  const Json list = given.at("sources");
  if (list.is_array() && list.size() <= kMaxRecordLogins) {
    for (std::size_t i = 0; i < list.size(); ++i)
      sources.push_back(logins.read(list.at(i), cat({"/sources/", i})));
  } else if (!list.missing()) {
    faults.push_back(
        {"/sources", cat({"a list of at most ", kMaxRecordLogins, " logins is needed"})});
  } else if (before != nullptr) {
    sources = before->sources;
  }
  if (use == BodyUse::kCreate && sources.empty() && faults.empty())
    sources.push_back(logins.read(*Json::parse("{}"), "/sources/0"));
  if (!faults.empty()) return invalid(std::move(faults));
  if (logins.hash_failed()) return cannot_hash();

  Json wanted = use == BodyUse::kMerge ? as_json(*before).merged(given) : given;
  wanted = wanted.merged(*Json::parse(sources_patch(sources)));
  if (before != nullptr)
    for (const Json& kept :
         {with_kept_secrets(given, *before), with_kept_relay_secret(given, *before)})
      if (!kept.missing()) wanted = wanted.merged(kept);
  // The mounts of an owner always belong to its account.
  if (use == BodyUse::kCreate && context.who.role != Role::kAdmin) {
    const auto account = given.at("account").text();
    if (account && *account != context.who.account)
      return forbidden("an owner creates mounts of its own account only");
    wanted = wanted.merged(*Json::parse(R"({"account":null})"));
  }
  RecordReading reading = read_mount_record(wanted, set_by_of(context.who.role), before);
  for (RecordFault& fault : reading.faults)
    faults.push_back({std::move(fault.pointer), std::move(fault.detail)});
  MountRecord& record = reading.record;
  if (use == BodyUse::kCreate && context.who.role != Role::kAdmin)
    record.account = context.who.account;
  if (use == BodyUse::kReplace) {
    // These members have no place in a body that replaces the settings.
    record.state = before->state;
    record.suspended_by_admin = before->suspended_by_admin;
    record.home = before->home;
    record.backup = before->backup;
    record.place = before->place;
    record.made = before->made;
    // An owner cannot set these two: the same body has to mean the same for both roles.
    if (given.at("account").missing()) record.account = before->account;
    if (given.at("relay").missing()) record.relay = before->relay;
  }
  if (faults.empty()) {
    judge_kept(record, before, faults);
    judge_secrets(context, record, before, faults);
    if (!record.account.empty() && context.book.account(record.account) == nullptr)
      faults.push_back({"/account", "there is no account " + record.account});
  }
  if (!faults.empty()) return invalid(std::move(faults));
  return MountBody{std::move(record), logins.take_made()};
}

}  // namespace lb
