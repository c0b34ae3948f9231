// The bodies of orders: titles, moves, drains, weights.
//
// Thread: constants, pure functions.
#pragma once

#include <array>
#include <limits>
#include <optional>
#include <string>

#include "api/request/live.h"
#include "api/request/node_weight.h"
#include "base/object_kinds.h"

namespace lb {

constexpr std::size_t kMaxTitle = SongDetails::kLongestTitle, kMaxMountName = 255;
inline constexpr char kIsMissing[] = "it is missing";

struct Song {
  std::string artist, album, isrc, label, label_code, composer;
  std::optional<std::int64_t> duration_ms, seconds;
};
struct NextSong : Song {
  std::string title;
};
struct TitleBody : Song {
  std::string title, url, art;
  std::optional<std::int64_t> at_ms;
  std::optional<NextSong> next;
};

// In the printed form: "DE-A12-34-56789"; "": not given.
struct Isrc : JsonText<32> {
  static void read(const ObjectValue& value, std::string& out);
};

inline constexpr auto kSongBody = std::to_array(
    {member<JsonText<kMaxTitle>, &Song::artist>("artist"),
     member<JsonText<kMaxTitle>, &Song::album>("album"),
     member<JsonNumber<0, SongDetails::kLongestMs>, &Song::duration_ms>("duration_ms")
         .about("0: unknown."),
     member<JsonNumber<0, SongDetails::kLongestMs / 1000>, &Song::seconds>("duration")
         .about("The same in seconds, as an alternative."),
     member<Isrc, &Song::isrc>("isrc").about("12 letters and digits; hyphens are removed."),
     member<JsonText<SongDetails::kLongestFact>, &Song::label>("label"),
     member<JsonText<SongDetails::kLongestFact>, &Song::label_code>("label_code")
         .about("As collecting societies give it: LC 01234."),
     member<JsonText<SongDetails::kLongestFact>, &Song::composer>("composer")});
inline constexpr auto kNextBody = std::to_array(
    {member<JsonText<kMaxTitle, 1>, &NextSong::title>("title").needed(Form::kNew, kIsMissing),
     whole_member<MembersOf<kSongBody>, NextSong>()});
inline constexpr auto kTitleBody = std::to_array(
    {member<JsonText<kMaxTitle>, &TitleBody::title>("title").needed(Form::kNew, kIsMissing),
     whole_member<MembersOf<kSongBody>, TitleBody>(),
     member<JsonText<kMaxTitle>, &TitleBody::url>("url"),
     member<JsonNumber<1, std::numeric_limits<std::int64_t>::max()>, &TitleBody::at_ms>("at_ms")
         .about(
             "When it begins to sound, in Unix milliseconds by the clock of the source's server, "
             "at most ten minutes ahead: a future title waits until then; default: now."),
     member<JsonText<kMaxTitle>, &TitleBody::art>("art").about(
         "Its picture: the address in setMountArt's answer."),
     member<JsonObject<kNextBody>, &TitleBody::next>("next")
         .null(Form::kNew)
         .about("The next title, until another one comes; null: no longer known.")});

inline constexpr auto kListenerMoveBody =
    std::to_array({member<JsonText<kMaxMountName>, &ApiOrder::to>("to")
                       .needed(Form::kNew, kIsMissing)
                       .about("The target mount.")});

inline constexpr std::array<std::string_view, 3> kDrainModes{"soft", "move", "hard"};
inline constexpr char kNoDrainMode[] = "it is not one of soft, move, hard";
inline constexpr auto kDrainBody =
    std::to_array({member<JsonFlag, &ApiOrder::drain>("on").needed(Form::kNew, kIsMissing),
                   member<JsonWord<kDrainModes, kNoDrainMode>, &ApiOrder::drain_mode>("mode").about(
                       "Default: as configured, else soft."),
                   member<JsonNumber<1, 86'400>, &ApiOrder::drain_seconds>("time").about(
                       "Seconds; only for this server itself.")});

inline constexpr auto kWeightBody =
    std::to_array({member<JsonNumber<0, kMaxNodeWeight>, &ApiOrder::weight>("weight")
                       .null(Form::kNew)
                       .needed(Form::kNew, kIsMissing)});

struct MountMoveBody {
  std::string to;
  std::optional<std::int64_t> force_after;
};
inline constexpr auto kMountMoveBody =
    std::to_array({member<JsonText<255>, &MountMoveBody::to>("to")
                       .needed(Form::kNew, "the node is needed")
                       .about("Its new home."),
                   member<JsonNumber<0, 30 * 86'400>, &MountMoveBody::force_after>("force-after")
                       .about("Seconds after which a source at the old home is ended.")});

struct LoginNameBody {
  std::optional<std::string> user;
};
inline constexpr auto kLoginNameBody = std::to_array(
    {member<JsonText<255>, &LoginNameBody::user>("user").about("Default: the first login.")});

}  // namespace lb
