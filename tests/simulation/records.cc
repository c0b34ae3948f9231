#include "records.h"

#include <utility>

#include "base/cat.h"
#include "base/json.h"

namespace lb::sim {
namespace {

constexpr auto kLooks = 400ms;

// Of a mount; nullopt: no record has it.
std::optional<std::string> name_in(const Config& config, const std::string& mount) {
  const MountSettings* const section = named_section(config, mount);
  if (section == nullptr) return std::nullopt;
  return section->stream_name.value_or("");
}

std::string text_of(const std::optional<std::string>& value) {
  return value ? cat({"\"", *value, "\""}) : "no record";
}

}  // namespace

Records::Records(World& world, unsigned master, std::vector<unsigned> homes, Fail fail)
    : world_(world),
      random_(world.random()),
      master_(master),
      homes_(std::move(homes)),
      fail_(std::move(fail)),
      steward_(world),
      mover_(world) {
  for (const std::string_view mount : kChanged) may_[std::string(mount)] = {std::nullopt};
}

Records::~Records() = default;

void Records::begin() {
  next();
  look();
}

// -- changes --------------------------------------------------------------------------------------

void Records::next() {
  if (stopped_) return;
  if (!steward_.asks()) change();
  world_.after(50ms + Nanos(random_.below(700'000'000)), [this, lives = std::weak_ptr(life_)] {
    if (!lives.expired()) next();
  });
}

void Records::change() {
  const std::string mount(kChanged[random_.below(kChanged.size())]);
  const auto chance = static_cast<unsigned>(random_.below(3));
  const std::string value = cat({"v", ++number_});
  const bool there = !may_[mount].contains(std::nullopt) || (may_[mount].size() > 1 && chance > 0);
  const auto then = [this, mount, value, there, chance](int status, const std::string&) {
    world_.trace().note(world_.now(), "record", number_, there ? 1 + chance : 0,
                        static_cast<std::uint64_t>(status));
    answered(mount, there && chance == 0 ? std::nullopt : std::optional(value), there, status);
  };
  const std::string settings = cat({"\"settings\":{\"stream-name\":\"", value, "\"}"});
  if (!there)
    steward_.ask(master_, "POST", "/mounts", cat({"{\"mount\":\"", mount, "\",", settings, "}"}),
                 then);
  else if (chance == 0)
    steward_.ask(master_, "DELETE", "/mounts" + mount, "", then);
  else
    steward_.ask(master_, "PATCH", "/mounts" + mount, cat({"{", settings, "}"}), then);
}

void Records::answered(const std::string& mount, std::optional<std::string> value, bool was_there,
                       int status) {
  Values& may = may_[mount];
  if (status >= 200 && status < 300) {
    may = {std::move(value)};
  } else if (status == 404) {
    if (!may.contains(std::nullopt)) return fail_(cat({mount, " was acknowledged, and is lost"}));
    may = {std::nullopt};
  } else if (status == 409 && !was_there) {
    may.erase(std::nullopt);
    if (may.empty()) fail_(cat({mount, " was deleted, and is there again"}));
  } else if (status == 0 || status >= 500) {
    may.insert(std::move(value));
  }
}

std::string Records::difference(const Config& config) const {
  for (const auto& [mount, may] : may_) {
    const auto has = name_in(config, mount);
    if (may.contains(has)) continue;
    std::string text = cat({mount, " has ", text_of(has), ", where the answers allow"});
    for (const auto& each : may) text += " " + text_of(each);
    return text;
  }
  return {};
}

std::string Records::difference(const Config& master, const Config& node) {
  for (const std::string_view mount : kChanged) {
    const std::string name(mount);
    if (const auto at = name_in(node, name), wanted = name_in(master, name); at != wanted)
      return cat({name, " has ", text_of(at), ", and at the master ", text_of(wanted)});
  }
  return {};
}

// -- the mount that moves -------------------------------------------------------------------------

// It is asked where the source is to be, as an encoder's owner would.
void Records::look() {
  if (!mover_.asks()) {
    if (login_.empty())
      make();
    else if (!stopped_ && state_ == "active" && random_.below(6) == 0)
      move();
    else
      mover_.ask(master_, "GET", cat({"/mounts", kMoving}), "",
                 [this](int status, const std::string& body) {
                   if (status == 200) home_is(body);
                   if (status == 404) fail_(cat({kMoving, " was acknowledged, and is lost"}));
                 });
  }
  world_.after(kLooks, [this, lives = std::weak_ptr(life_)] {
    if (!lives.expired()) look();
  });
}

void Records::make() {
  const auto made = [this](int status, const std::string& body) {
    // Nobody knows the password of one that was made without an answer.
    if (status == 409)
      return mover_.ask(master_, "DELETE", cat({"/mounts", kMoving}), "",
                        [](int, const std::string&) {});
    if (status != 201) return;
    const auto json = Json::parse(body);
    if (!json) return;
    const Json source = json->at("source");
    login_ = cat(
        {source.at("user").text().value_or(""), ":", source.at("password").text().value_or("")});
    home_is(body);
  };
  mover_.ask(master_, "POST", "/mounts",
             cat({"{\"mount\":\"", kMoving, "\",\"place\":{\"node\":\"e", homes_.front(), "\"}}"}),
             made);
}

void Records::move() {
  const unsigned to = homes_[random_.below(homes_.size())];
  mover_.ask(master_, "POST", cat({"/mounts", kMoving, "/move"}), cat({"{\"to\":\"e", to, "\"}"}),
             [this, to](int status, const std::string& body) {
               world_.trace().note(world_.now(), "move", master_, to,
                                   static_cast<std::uint64_t>(status));
               if (status == 200) home_is(body);
             });
}

void Records::home_is(const std::string& body) {
  const auto json = Json::parse(body);
  if (!json) return;
  state_ = json->at("state").text().value_or("");
  const unsigned host = host_of_url(json->at("source").at("url").text().value_or(""), nullptr);
  if (host != kOutside && host != home_) encode_at(host);
}

// The one before goes on until its server ends it.
void Records::encode_at(unsigned host) {
  home_ = host;
  for (const auto& [at, encoder] : encoders_) encoder->stays(at == host);
  auto& encoder = encoders_[host];
  if (!encoder)
    encoder = std::make_unique<Encoder>(
        world_, std::string(kMoving), [host] { return host; }, login_);
  encoder->stays(true);
  encoder->send(true);
}

}  // namespace lb::sim
