#include "config/mounts/mount_record.h"

#include <algorithm>

#include "auth/listener/authenticator.h"
#include "auth/password/password_hash.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "cluster/balance/redirect_reply.h"
#include "config/load/checks.h"
#include "config/load/filler.h"
#include "config/load/mount_rules.h"
#include "config/mounts/record_reader.h"
#include "config/mounts/record_relay.h"
#include "config/mounts/record_writer.h"
#include "config/schema/diagnostic.h"
#include "config/schema/value.h"
#include "hls/path.h"
#include "http/parser.h"
#include "http/static_files.h"
#include "http/stream_type.h"
#include "net/crypto/seal_keys.h"

namespace lb {
namespace {

constexpr std::size_t kLongestMount = 255;
// Pages of the server itself, including those for SHOUTcast's programs, and files that browsers and
// search engines request from every host.
constexpr std::string_view kOwnPages[] = {
    "/admin",       "/admin.cgi",   "/api",         "/metrics",     "/7.html",     "/stats",
    "/currentsong", "/played",      "/played.html", "/played.json", "/index.html", "/oembed",
    "/robots.txt",  "/favicon.ico", "/sitemap.xml", "/style.css",   "/icecast.png"};
constexpr std::string_view kSettings = "/settings", kSources = "/sources", kRelayAt = "/relay";
// Members of the JSON object that are not rows of the record.
constexpr std::string_view kOthers[] = {"mount",    "settings", "relay",
                                        "revision", "origin",   "by-name"};
constexpr RecordReader::Members kMembers{kOthers, "sources", "source"};

// -- what more than one row says -----------------------------------------------------------------

void check_settings(const MountRecord& record, RecordReader& reader, bool strict) {
  Filler filler;
  MountSettings mount;
  filler.fill(kMountBlock, &mount, record.settings, "mount");
  const auto below = [](std::string_view name) {
    return pointer_below(std::string(kSettings), name);
  };
  const AuthenticatorSettings& authenticator = mount.authenticator;
  const std::string type = below("authentication") + "/type";
  if (authenticator.type == "htpasswd") {
    reader.fault(type, "htpasswd keeps its users in a file, which the configuration file names",
                 true);
  } else if (!authenticator.type.empty() || !authenticator.options.empty()) {
    // A sealed address is checked once it is open; one that stays sealed refuses all listeners.
    AuthOptions open = authenticator.options;
    std::erase_if(open, [](const auto& option) { return SealKeys::is_sealed(option.second); });
    for (const std::string& text : authenticator_complaints(authenticator.type, open))
      reader.fault(below("authentication"), text);
  }
  for (const auto& [name, value] :
       {std::pair("redirect", &mount.redirect), std::pair("redirect-to", &mount.redirect_to)})
    if (!value->empty() && !is_web_address(*value))
      reader.fault(below(name), quoted(*value) + " is not an address like https://cdn.example.org");
  const std::size_t headers = mount.http_headers.size();
  drop_bad_headers(mount.http_headers, "http-headers", filler);
  if (mount.http_headers.size() != headers)
    reader.fault(below("http-headers"),
                 "a header has no valid name, or a value of more than one line");
  if (mount.fallback_mount == record.mount && !record.mount.empty())
    reader.fault(below("fallback-mount"), "falls back to itself");
  const auto& written = record.settings.children;
  const bool says_hls = std::any_of(written.begin(), written.end(),
                                    [](const XmlNode& child) { return child.name == "hls"; });
  if (strict && says_hls && mount.hls)
    if (std::string fault = hls_fault(record.mount); !fault.empty())
      reader.fault(below("hls"), std::move(fault));
}

void check_sources(const MountRecord& record, RecordReader& reader, bool strict) {
  if (record.sources.size() > kMaxRecordLogins)
    reader.fault(std::string(kSources),
                 cat({"has ", record.sources.size(), " logins (limit ", kMaxRecordLogins, ")"}));
  for (std::size_t i = 0; i < record.sources.size(); ++i) {
    const RecordLogin& login = record.sources[i];
    const std::string at = cat({kSources, "/", i});
    if (login.user.empty() || login.user.find(':') != std::string::npos)
      reader.fault(at + "/user", "is not a user name");
    if (login.hash.empty() && login.password.empty())
      reader.fault(at, "has neither hash nor password");
    if (std::string fault = strict ? hours_fault(login) : std::string(); !fault.empty())
      reader.fault(at + "/until", std::move(fault));
    for (auto& [where, what] : weekly_hours_faults(login))
      reader.fault(at + where, std::move(what));
    if (std::string fault = strict ? zone_fault(login) : std::string(); !fault.empty())
      reader.fault(at + "/zone", std::move(fault));
    if (!login.hash.empty())
      if (const auto complaint = hash_complaint(login.hash); !complaint.empty())
        reader.fault(at + "/hash", std::string(complaint));
    for (std::size_t j = 0; j < i; ++j)
      if (record.sources[j].user == login.user)
        reader.fault(at + "/user", quoted(login.user) + " has a login already");
  }
}

// strict: warnings of --check-config are faults too.  Without it a record of a store or a backend
// stays in force, as a file does.
RecordReading judged(MountRecord record, RecordReader& reader, bool strict) {
  if (const auto why = refuse_record_name(record.mount); !why.empty())
    reader.fault("/mount", cat({quoted(record.mount), " ", why}));
  check_settings(record, reader, strict);
  check_sources(record, reader, strict);
  if (record.has_relay() && record.place.homes > 1)
    reader.fault("/place/homes",
                 "a relay is pulled at one home; it has servers of its own to go to");
  return {std::move(record), reader.take_faults()};
}

std::string_view stream_type_in(const MountRecord& record) {
  const auto& rows = record.settings.children;
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [](const XmlNode& child) { return child.name == "type"; });
  return row == rows.end() ? std::string_view() : std::string_view(row->text);
}

// Applies to new types only: a record that already has the type stays in force.
void check_type(const MountRecord& record, const MountRecord* before, RecordReader& reader) {
  const std::string_view type = trim(stream_type_in(record));
  if (type.empty() || is_source_type(type) ||
      (before != nullptr && stream_type_in(*before) == type))
    return;
  reader.fault(pointer_below(std::string(kSettings), "type"),
               quoted(std::string(type)) +
                   " is not the type of a stream, such as audio/mpeg, video/webm or "
                   "application/ogg");
}

// Stores the values of a tree of kRecordBlock in the record.
void fill_record(MountRecord& record, const XmlNode& tree) {
  Filler filler;
  filler.fill(kRecordBlock, &record, tree, "record");
}

XmlNode record_tree(const MountRecord& record) {
  return block_tree(kRecordBlock, &record, "record");
}

// Rows of a relay have no roles of their own: only the external configuration and administrators
// may set a relay.  For others it stays unchanged.
void read_relay(const Json& from, SetBy role, const MountRecord* before, MountRecord& record,
                RecordReader& reader) {
  const bool may = role >= SetBy::kAdmin;
  if (from.missing() || from.is_null()) {
    if (!may && before != nullptr) record.relay = before->relay;
    return;
  }
  RecordReader rows(SetBy::kExternal, nullptr);
  record.relay = rows.json(kRelayBlock, from, "relay", std::string(kRelayAt));
  if (may) {
    check_record_relay(record, rows);
    for (RecordFault& fault : rows.take_faults())
      reader.fault(fault.pointer, std::move(fault.detail), fault.denied);
  } else if (before == nullptr || record.relay != before->relay || !rows.take_faults().empty()) {
    reader.fault(std::string(kRelayAt), "only an administrator may set it", true);
  }
}

}  // namespace

std::string_view refuse_record_name(std::string_view mount) {
  if (!mount.starts_with('/') || mount.size() < 2) return "is not a mount: it begins with /";
  if (mount.size() > kLongestMount) return "is longer than 255 bytes";
  if (mount.find_first_of("*?[\\") != std::string_view::npos)
    return "is a pattern; a record is of one mount";
  if (mount.ends_with(' ')) return "ends with a space, which XML does not keep";
  if (!is_storable(mount)) return "has control characters";
  if (!is_clean_path(mount)) return "has an empty part, or one of dots: no request can name it";
  // A proxy that decodes again would request another name, and a browser sends nothing after '#'.
  if (mount.find('#') != std::string_view::npos ||
      percent_decode(mount, false).value_or(std::string(mount)) != mount)
    return "has a # or a percent sign with two hex digits";
  if (std::find(std::begin(kOwnPages), std::end(kOwnPages), mount) != std::end(kOwnPages) ||
      mount.starts_with("/admin/") || mount.starts_with("/api/") || mount.starts_with("/_lb/") ||
      mount.starts_with("/;") ||  // players of SHOUTcast ask there for the <shoutcast-mount>
      is_well_known(mount) || is_template_path(mount))
    return "is reserved";
  if (parse_hls_path(mount) || parse_recorded_path(mount))
    return "is an address of another mount, of its HLS or of its recording";
  for (const std::string_view ending : {".m3u", ".xspf", ".vclt", ".pls"})
    if (mount.ends_with(ending)) return "is reserved";
  return {};
}

std::string to_string(const std::vector<RecordFault>& faults) {
  std::string out;
  for (const RecordFault& fault : faults) {
    if (!out.empty()) out += "; ";
    out += fault.pointer.empty() ? std::string("the record") : escaped(fault.pointer);
    out += ": " + fault.detail;
  }
  return out;
}

Result<MountRecord> parse_mount_record(std::string_view xml) {
  auto root = parse_xml(xml);
  if (!root) return root.error();
  if (root->name != "mount")
    return Error::invalid(cat({"a record is a <mount>, not a <", root->name, ">"}));
  MountRecord record;
  XmlNode settings = std::move(*root), rest;
  const XmlNode* relay = nullptr;
  for (const XmlNode& child : settings.children) {
    if (child.name == "mount-name") record.mount = trim(child.text);
    if (child.name == "record") rest = child;
    if (child.name == "relay") relay = &child;
  }
  RecordReader relays(SetBy::kExternal, nullptr);
  if (relay != nullptr) {
    record.relay = relays.xml(kRelayBlock, *relay, "relay", std::string(kRelayAt));
    check_record_relay(record, relays);
  }
  std::erase_if(settings.children, [](const XmlNode& child) {
    return child.name == "mount-name" || child.name == "record" || child.name == "relay";
  });
  RecordReader reader(SetBy::kAdmin, nullptr);
  record.settings = reader.xml(kMountBlock, settings, "mount", std::string(kSettings));
  fill_record(record, reader.xml(kRecordBlock, rest, "record", ""));
  for (RecordFault& fault : relays.take_faults())
    reader.fault(fault.pointer, std::move(fault.detail), fault.denied);
  RecordReading reading = judged(std::move(record), reader, false);
  if (!reading.faults.empty()) return Error::invalid(to_string(reading.faults));
  return std::move(reading.record);
}

std::string mount_record_xml(const MountRecord& record) {
  XmlNode node = record.settings;
  node.name = "mount";
  XmlNode name;
  name.name = "mount-name";
  name.text = record.mount;
  node.children.insert(node.children.begin(), std::move(name));
  node.children.push_back(record_tree(record));
  if (record.has_relay()) node.children.push_back(record.relay);
  std::string out;
  append_xml(out, node, 0);
  return out;
}

RecordReading read_mount_record(const Json& json, SetBy role, const MountRecord* before) {
  MountRecord record;
  XmlNode rest_before;
  if (before != nullptr) rest_before = record_tree(*before);
  RecordReader settings(role, before == nullptr ? nullptr : &before->settings);
  RecordReader rest(role, before == nullptr ? nullptr : &rest_before);
  if (!json.is_object()) {
    rest.fault("", "is not an object");
    return {std::move(record), rest.take_faults()};
  }
  if (before != nullptr) record.mount = before->mount;
  if (const Json name = json.at("mount"); !name.missing()) record.mount = name.text().value_or("");
  const Json given = json.at("settings");
  const Json none = *Json::parse("{}");
  record.settings = settings.json(kMountBlock, given.missing() || given.is_null() ? none : given,
                                  "mount", std::string(kSettings));
  fill_record(record, rest.json(kRecordBlock, json, "record", "", &kMembers));
  read_relay(json.at("relay"), role, before, record, settings);
  check_type(record, before, settings);
  std::vector<RecordFault> faults = settings.take_faults();
  RecordReading reading = judged(std::move(record), rest, role != SetBy::kExternal);
  reading.faults.insert(reading.faults.begin(), faults.begin(), faults.end());
  return reading;
}

void write_mount_record_members(JsonWriter& json, const MountRecord& record,
                                RecordSecrets secrets) {
  json.key("mount").text(record.mount);
  json.key("settings").begin_object();
  write_block_members(json, kMountBlock, record.settings, secrets);
  json.end_object();
  const SchemaElement& state = *find_element(kRecordBlock, "state", true);
  const SchemaElement& source = *find_element(kRecordBlock, "source", false);
  XmlNode rest = record_tree(record);
  json.key(state.name).text(show_value(state, &record));
  std::erase_if(rest.attributes, [&](const XmlAttribute& one) { return one.name == state.name; });
  const auto sources =
      std::stable_partition(rest.children.begin(), rest.children.end(),
                            [&source](const XmlNode& child) { return child.name != source.name; });
  json.key(kMembers.plural).begin_array();
  for (auto one = sources; one != rest.children.end(); ++one)
    write_block_json(json, *source.block, *one, secrets);
  json.end_array();
  rest.children.erase(sources, rest.children.end());
  if (record.has_relay()) {
    json.key("relay");
    write_block_json(json, kRelayBlock, record.relay, secrets);
  }
  write_block_members(json, kRecordBlock, rest, secrets);
}

void write_mount_record(JsonWriter& json, const MountRecord& record, RecordSecrets secrets) {
  json.begin_object();
  write_mount_record_members(json, record, secrets);
  json.end_object();
}

}  // namespace lb
