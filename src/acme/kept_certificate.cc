#include "acme/kept_certificate.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <system_error>
#include <utility>

#include "acme/certificate.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::size_t kFileBytes = 256 * 1024;
constexpr std::string_view kCertificates = "/acme/certificates/";

std::string file_name(std::string_view file) {
  std::string name(file);
  if (name.starts_with("*.")) name = cat({"_wildcard", std::string_view(name).substr(1)});
  // The schema allows no '/' in names; this also protects against other sources of names.
  std::ranges::replace_if(
      name, [](char c) { return c == ':' || c == '/'; }, '-');
  return name;
}

std::string account_path(const std::string& state_dir, const std::string& directory) {
  return cat({state_dir, "/acme/", account_file(directory)});
}

unsigned count_of(const Json& value) {
  constexpr std::uint64_t kMax = 1000;
  return static_cast<unsigned>(std::min(value.u64().value_or(0), kMax));
}

std::int64_t kept_time(const Json& value) {
  constexpr std::uint64_t kMax = 1ULL << 40;
  return static_cast<std::int64_t>(std::min(value.u64().value_or(0), kMax));
}

std::uint64_t time_number(std::int64_t time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(time, 0));
}

Result<Json> read_json(const std::string& path) {
  const auto text = read_file(path, {.limit = kFileBytes});
  if (!text) return text.error();
  auto json = Json::parse(text->text);
  if (!json || !json->is_object()) return Error::invalid(cat({path, ": is not a JSON object"}));
  return json;
}

Result<void> write_private(const std::string& state_dir, const std::string& path,
                           std::string_view text) {
  for (const std::string& directory :
       {state_dir, state_dir + "/acme", path.substr(0, path.rfind('/'))})
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
      return Error::io(cat({directory, ": ", std::strerror(errno)}));
  return replace_file(path, text, {.mode = 0600});
}

std::string member_text(const Json& value) { return std::string(value.text().value_or("")); }

// By their ends: path and content.
using KeptFiles = std::multimap<WallTime, std::pair<std::string, std::string>, std::greater<>>;

KeptFiles kept_files(const std::string& state_dir) {
  KeptFiles all;
  std::error_code failed;
  for (std::filesystem::directory_iterator at(cat({state_dir, kCertificates}), failed), end;
       !failed && at != end; at.increment(failed)) {
    const std::string path = at->path();
    const auto file = read_file(path, {.limit = kFileBytes});
    const auto facts = kept_facts(file ? file->text : std::string());
    if (facts) all.emplace(facts->ends, std::pair(path, file->text));
  }
  return all;
}

}  // namespace

std::string account_file(const std::string& directory) {
  std::string_view host = directory;
  host.remove_prefix(std::min(host.size(), host.find("://") + 3));
  host = host.substr(0, host.find('/'));
  // An IPv6 address without its brackets.
  const bool is_v6 = host.starts_with('[');
  host = is_v6 ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find(':'));
  return cat(
      {"accounts/", file_name(host), "-", hex_encode(sha256(directory).substr(0, 4)), ".json"});
}

std::string own_answer_path(const std::string& state_dir, std::string_view token) {
  return cat({state_dir, "/acme/challenges/", token});
}

std::string certificate_path(const std::string& state_dir, std::string_view file) {
  return cat({state_dir, kCertificates, file_name(file), ".pem"});
}

std::string order_path(const std::string& state_dir, std::string_view file) {
  return cat({state_dir, kCertificates, file_name(file), ".json"});
}

std::vector<std::string> kept_certificates(const std::string& state_dir, WallTime now) {
  std::vector<std::string> usable;
  for (const auto& [ends, file] : kept_files(state_dir))
    if (ends > now) usable.push_back(file.first);
  return usable;
}

std::vector<std::string> kept_before(const std::string& state_dir, std::vector<std::string> names,
                                     const std::vector<std::string>& loaded) {
  const auto take_names_of = [&names](std::string_view chain) {
    return std::erase_if(names, [all = certificate_names(chain)](const std::string& name) {
      return is_name_of(all, name);
    });
  };
  for (const std::string& path : loaded)
    if (const auto file = read_file(path, {.limit = kFileBytes})) take_names_of(file->text);
  std::vector<std::string> before;
  if (names.empty()) return before;
  for (const auto& [ends, file] : kept_files(state_dir))
    if (take_names_of(file.second) > 0) before.push_back(file.first);
  return before;
}

void keep_by_new_first_name(const std::string& state_dir, const std::string& file,
                            const std::vector<std::string>& names, WallTime now) {
  const KeptFiles all = kept_files(state_dir);
  const std::string own = certificate_path(state_dir, file);
  const auto present =
      std::ranges::find(all, own, [](const auto& each) { return each.second.first; });
  if (present == all.end() && ::access(own.c_str(), F_OK) == 0) return;
  const WallTime ends_before = present == all.end() ? now : std::max(now, present->first);
  for (const auto& [ends, kept] : all) {
    if (ends <= ends_before) return;
    const auto& [path, chain_and_key] = kept;
    const std::string other = std::filesystem::path(path).stem();
    auto order = read_order(state_dir, other);
    if (!order || !std::ranges::is_permutation(order->names, names) ||
        other.ends_with(".rsa") != file.ends_with(".rsa"))
      continue;
    order->file = file;
    // A failure is reported when it is ordered and written.
    if (write_order(state_dir, *order)) [[maybe_unused]]
      const auto written = write_certificate(state_dir, file, chain_and_key);
    return;
  }
}

FormerCertificates former_certificates(const std::string& state_dir,
                                       const std::vector<std::string>& names) {
  FormerCertificates former{{}, names};
  for (const std::string& path : kept_before(state_dir, names, {})) {
    const auto file = read_file(path, {.limit = kFileBytes});
    const auto facts = certificate_facts(file ? file->text : std::string());
    if (!facts) continue;
    std::erase_if(former.without, [all = certificate_names(file->text)](const std::string& name) {
      return is_name_of(all, name);
    });
    former.until = std::min(former.until.value_or(facts->ends), facts->ends);
  }
  if (!former.without.empty()) former.until.reset();
  return former;
}

Result<KeptAccount> read_account(const std::string& state_dir, const std::string& directory) {
  const auto json = read_json(account_path(state_dir, directory));
  if (!json) return json.error();
  return KeptAccount{member_text(json->at("account")), member_text(json->at("key")),
                     member_text(json->at("contact")), kept_time(json->at("made"))};
}

Result<void> write_account(const std::string& state_dir, const std::string& directory,
                           const KeptAccount& account) {
  JsonWriter out;
  out.begin_object().key("directory").text(directory);
  out.key("account").text(account.url).key("key").text(account.key);
  out.key("contact").text(account.contact);
  out.key("made").number(time_number(account.made)).end_object();
  return write_private(state_dir, account_path(state_dir, directory), out.take());
}

Result<KeptOrder> parse_order(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json || !json->is_object()) return Error::invalid("is not a JSON object");
  KeptOrder order;
  for (std::size_t i = 0; i < json->at("names").size(); ++i)
    order.names.push_back(member_text(json->at("names").at(i)));
  order.directory = member_text(json->at("directory"));
  order.issuer = member_text(json->at("issuer"));
  order.failures = count_of(json->at("failures"));
  order.tries = count_of(json->at("tries"));
  order.unshown = count_of(json->at("unshown"));
  order.next = kept_time(json->at("next"));
  order.since = kept_time(json->at("since"));
  order.began = kept_time(json->at("began"));
  order.asked = kept_time(json->at("asked"));
  order.why = member_text(json->at("why"));
  order.begun = member_text(json->at("order"));
  order.key = member_text(json->at("key"));
  order.account = member_text(json->at("account"));
  order.account_key = member_text(json->at("account_key"));
  order.ordered = kept_time(json->at("ordered"));
  order.compromised = member_text(json->at("compromised"));
  order.compromised_of = member_text(json->at("compromised_of"));
  return order;
}

std::string order_text(const KeptOrder& order) {
  JsonWriter out;
  out.begin_object().key("names").begin_array();
  for (const std::string& name : order.names) out.text(name);
  out.end_array().key("directory").text(order.directory).key("issuer").text(order.issuer);
  out.key("failures").number(order.failures).key("why").text(order.why);
  out.key("tries").number(order.tries).key("unshown").number(order.unshown);
  out.key("since").number(time_number(order.since)).key("began").number(time_number(order.began));
  out.key("asked").number(time_number(order.asked));
  out.key("order").text(order.begun).key("key").text(order.key);
  out.key("account").text(order.account).key("account_key").text(order.account_key);
  out.key("ordered").number(time_number(order.ordered));
  out.key("compromised").text(order.compromised).key("compromised_of").text(order.compromised_of);
  out.key("next").number(time_number(order.next)).end_object();
  return out.take();
}

void forget_begun(KeptOrder& order) {
  for (std::string* text : {&order.begun, &order.key, &order.account, &order.account_key})
    text->clear();
}

Result<KeptOrder> read_order(const std::string& state_dir, std::string_view file) {
  const std::string path = order_path(state_dir, file);
  const auto text = read_file(path, {.limit = kFileBytes});
  if (!text) return text.error();
  auto order = parse_order(text->text);
  if (!order) return Error::invalid(cat({path, ": ", order.error().what}));
  order->file = file;
  return order;
}

Result<void> write_order(const std::string& state_dir, const KeptOrder& order) {
  return write_private(state_dir,
                       order_path(state_dir, order.file.empty() ? order.names.front() : order.file),
                       order_text(order));
}

Result<void> write_certificate(const std::string& state_dir, std::string_view file,
                               std::string_view chain_and_key) {
  return write_private(state_dir, certificate_path(state_dir, file), chain_and_key);
}

}  // namespace lb
