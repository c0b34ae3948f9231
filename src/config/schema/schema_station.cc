// Rows of <station>, <player> and <art>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;

constexpr SchemaElement kLink[] = {
    {.name = "name",
     .kind = kText,
     .slot = slot<&PlayerLink::name>,
     .example = "Imprint",
     .help = "What is read."},
    {.name = "url",
     .kind = kText,
     .slot = slot<&PlayerLink::url>,
     .example = "https://example.org/imprint",
     .help = "An https address."},
};

constinit const SchemaBlock kLinkBlock{.name = "link",
                                       .help = "What the page leads to; at most five.",
                                       .elements = kLink,
                                       .fresh = fresh<PlayerLink>,
                                       .inline_form = true};

constexpr SchemaElement kStation[] = {
    {.name = "id",
     .kind = kText,
     .slot = slot<&StationSettings::id>,
     .example = "rock",
     .help = "In addresses: a to z, digits and _."},
    {.name = "name",
     .kind = kText,
     .slot = slot<&StationSettings::name>,
     .standard = "what the encoder says",
     .example = "Rock Antenna",
     .help = "What listeners read."},
    {.name = "description",
     .kind = kText,
     .slot = slot<&StationSettings::description>,
     .standard = "what the encoder says",
     .example = "Guitars since 1989",
     .help = "A line below the name."},
    {.name = "url",
     .kind = kText,
     .slot = slot<&StationSettings::url>,
     .standard = "what the encoder says",
     .example = "https://rock.example.org/",
     .help = "The address of its own site."},
    {.name = "genre",
     .kind = kText,
     .slot = slot<&StationSettings::genre>,
     .standard = "what the encoder says",
     .example = "Rock",
     .help = "As the encoder says it, where it is not here."},
    {.name = "timezone",
     .kind = kText,
     .slot = slot<&StationSettings::timezone>,
     .example = "Europe/Berlin",
     .help = "The zone in AzuraCast's answers."},
    {.name = "logo",
     .kind = kText,
     .slot = slot<&StationSettings::logo>,
     .example = "/rock.png",
     .help = "A picture in the webroot, for page and players."},
    {.name = "default-art",
     .kind = kText,
     .slot = slot<&StationSettings::default_art>,
     .standard = "the logo",
     .example = "/rock-cover.png",
     .help = "A picture in the webroot, for titles without one."},
    {.name = "colour",
     .kind = kText,
     .slot = slot<&StationSettings::colour>,
     .example = "#b3261e",
     .help = "The colour of its page; text on it is black or white."},
    {.name = "mount",
     .kind = kList,
     .slot = slot<&StationSettings::mounts>,
     .example = "/rock.mp3",
     .help = "Its streams; the first one plays unless another is chosen."},
    {.name = "languages",
     .kind = kList,
     .slot = slot<&StationSettings::languages>,
     .standard = "those of <player>",
     .example = "de en",
     .help = "Those of its page."},
    {.name = "link",
     .kind = kBlock,
     .block = &kLinkBlock,
     .nest = each_in<&StationSettings::links>()},
};

constexpr SchemaElement kPlayer[] = {
    {.name = "enabled",
     .kind = kBool,
     .slot = slot<&PlayerSettings::enabled>,
     .example = "1",
     .help = "0: there are no pages below /listen."},
    {.name = "embed",
     .kind = kList,
     .slot = slot<&PlayerSettings::embed>,
     .standard = "*",
     .example = "https://www.example.org",
     .help = "Sites that may frame the page (?embed=1): *, off, or addresses."},
    {.name = "past",
     .kind = kBool,
     .slot = slot<&PlayerSettings::past>,
     .example = "1",
     .help = "0: no buttons back into recordings."},
    {.name = "languages",
     .kind = kList,
     .slot = slot<&PlayerSettings::languages>,
     .standard = "en de fr es pt",
     .example = "de en",
     .help = "Its languages; the first one where none is asked for."},
    {.name = "link",
     .kind = kBlock,
     .block = &kLinkBlock,
     .nest = each_in<&PlayerSettings::links>()},
};

constexpr SchemaElement kArt[] = {
    {.name = "fetch",
     .kind = kList,
     .slot = slot<&ArtSettings::fetch>,
     .standard = "none",
     .example = "covers.example.org *.mzstatic.com",
     .help = "Hosts of https whose pictures a stream may name (StreamUrl)."},
};

}  // namespace

constinit const SchemaBlock kStationBlock{
    .name = "station",
    .help = "A programme: doc/player.md. Without one, each shown stream is a station.",
    .elements = kStation,
    .fresh = fresh<StationSettings>,
    .key = "id"};

constinit const SchemaBlock kArtBlock{.name = "art",
                                      .help = "Pictures of titles: doc/pictures.md.",
                                      .elements = kArt,
                                      .fresh = fresh<ArtSettings>,
                                      .inline_form = true};

constinit const SchemaBlock kPlayerBlock{.name = "player",
                                         .help = "The pages of streams; see doc/player.md.",
                                         .elements = kPlayer,
                                         .fresh = fresh<PlayerSettings>,
                                         .inline_form = true};

}  // namespace lb
