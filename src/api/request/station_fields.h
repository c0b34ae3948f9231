// The members of a station: of its record, of bodies and of answers.
//
// Source: doc/stores.md.
// Thread: constants.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "api/request/account_fields.h"
#include "api/request/station.h"
#include "base/object_kinds.h"

namespace lb {

template <auto kMember, std::size_t kMax>
constexpr auto station_text(std::string_view name, std::string_view text) {
  return member<JsonText<kMax>, kMember, StationRecord>(name)
      .sparse(Form::kRecord)
      .null(Form::kChange)
      .about(text);
}

inline constexpr auto kPageLinkFields = std::to_array(
    {member<JsonText<60, 1>, &PlayerLink::name>("name").needed().about("The link's text."),
     member<JsonText<500, 1>, &PlayerLink::url>("url").needed().about("An https address.")});

inline constexpr auto kStationFields = std::to_array(
    {member<JsonText<64>, &StationSettings::id, StationRecord>("id")
         .in(Form::kBody | Form::kAnswer)
         .about("As in the path; a body may omit it."),
     member<AccountId, &StationRecord::account>("account")
         .sparse(Form::kRecord)
         .null(Form::kBody | Form::kAnswer)
         .about("The account whose mounts it has; null: an administrator's."),
     station_text<&StationSettings::name, 200>("name", "Empty: the encoder's value."),
     station_text<&StationSettings::description, 500>("description", "Likewise."),
     station_text<&StationSettings::url, 500>("url", "http or https."),
     station_text<&StationSettings::genre, 100>("genre", "Empty: the encoder's value."),
     station_text<&StationSettings::timezone, 64>("timezone", "Such as Europe/Berlin."),
     station_text<&StationSettings::logo, 255>(
         "logo",
         "A picture on this server: for an owner, one from setMountArt's answers; for an "
         "administrator also one in the web root."),
     station_text<&StationSettings::default_art, 255>("default-art",
                                                      "Likewise, for titles without one."),
     station_text<&StationSettings::colour, 7>("colour", "Such as #b3261e."),
     member<JsonTexts<kMaxStationMounts, 255>, &StationSettings::mounts, StationRecord>("mounts")
         .needed(Form::kRecord | Form::kNew)
         .about("The first one plays unless another is chosen."),
     member<JsonTexts<5, 2>, &StationSettings::languages, StationRecord>("languages")
         .sparse(Form::kRecord)
         .null(Form::kChange)
         .about("Languages of its page: en, de, fr, es, pt. None: all that the server offers."),
     member<JsonList<kPageLinkFields, kMaxPlayerLinks>, &StationSettings::links, StationRecord>(
         "links")
         .sparse(Form::kRecord)
         .null(Form::kChange)
         .about("Links of its page. None: the links of all pages.")});

// The station's state in answers.
struct StationNow {
  std::string origin = "store";
  std::vector<std::string> left_out;
  bool in_file = false;
};
inline constexpr auto kStationNow = std::to_array(
    {member<JsonText<8>, &StationNow::origin>("origin").about(
         "Where the station is defined and changed: store, or file, the configuration file."),
     member<JsonTexts<kMaxStationMounts, 255>, &StationNow::left_out>("left-out")
         .about("Its mounts that belong to another account or station; they are not shown."),
     member<JsonFlag, &StationNow::in_file>("hidden-by-file")
         .about("The configuration file has a station with that id, which is shown instead.")});

}  // namespace lb
