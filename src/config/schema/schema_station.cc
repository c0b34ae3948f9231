// Rows of <station>, <player> and <art>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaElement kLink[] = {
    element("name", kText, slot<&PlayerLink::name>, "The link's text.", {.example = "Imprint"}),
    element("url", kText, slot<&PlayerLink::url>, "An https address.",
            {.example = "https://example.org/imprint"}),
};

constinit const SchemaBlock kLinkBlock =
    block_of<PlayerLink>("link", "A link of the page; at most five.", kLink, {.inline_form = true});

constexpr SchemaElement kStation[] = {
    element("id", kText, slot<&StationSettings::id>, "Its name in addresses: a to z, digits and _.",
            {.example = "rock"}),
    element("name", kText, slot<&StationSettings::name>, "The displayed name.",
            {.standard = "the encoder's", .example = "Rock Antenna"}),
    element("description", kText, slot<&StationSettings::description>, "A line below the name.",
            {.standard = "the encoder's", .example = "Guitars since 1989"}),
    element("url", kText, slot<&StationSettings::url>, "The address of its website.",
            {.standard = "the encoder's", .example = "https://rock.example.org/"}),
    element("genre", kText, slot<&StationSettings::genre>, "Its genre.",
            {.standard = "the encoder's", .example = "Rock"}),
    element("timezone", kText, slot<&StationSettings::timezone>, "The zone in AzuraCast's answers.",
            {.example = "Europe/Berlin"}),
    element("logo", kText, slot<&StationSettings::logo>,
            "A picture in the webroot, for page and players.", {.example = "/rock.png"}),
    element("default-art", kText, slot<&StationSettings::default_art>,
            "A picture in the webroot, for titles without one.",
            {.standard = "the logo", .example = "/rock-cover.png"}),
    element("colour", kText, slot<&StationSettings::colour>,
            "The colour of its page; text on it is black or white.", {.example = "#b3261e"}),
    element("mount", kList, slot<&StationSettings::mounts>,
            "Its streams; the first one plays unless another is chosen.", {.example = "/rock.mp3"}),
    element("languages", kList, slot<&StationSettings::languages>, "Languages of its page.",
            {.standard = "as <player>", .example = "de en"}),
    element("link", &kLinkBlock, each_in<&StationSettings::links>()),
};

constexpr SchemaElement kPlayer[] = {
    element("enabled", kBool, slot<&PlayerSettings::enabled>, "0: no pages below /listen.",
            {.example = "1"}),
    element("embed", kList, slot<&PlayerSettings::embed>,
            "Sites that may frame the page (?embed=1): *, off, or addresses.",
            {.standard = "*", .example = "https://www.example.org"}),
    element("past", kBool, slot<&PlayerSettings::past>, "0: no buttons back into recordings.",
            {.example = "1"}),
    element("languages", kList, slot<&PlayerSettings::languages>,
            "Languages of the pages; the first is the default.",
            {.standard = "en de fr es pt", .example = "de en"}),
    element("link", &kLinkBlock, each_in<&PlayerSettings::links>()),
};

constexpr SchemaElement kArt[] = {
    element("fetch", kList, slot<&ArtSettings::fetch>,
            "https hosts of pictures that a stream may name (StreamUrl).",
            {.standard = "none", .example = "covers.example.org *.mzstatic.com"}),
};

}  // namespace

constinit const SchemaBlock kStationBlock = block_of<StationSettings>(
    "station", "A programme: doc/player.md. Without one, each shown stream is a station.", kStation,
    {.key = "id"});

constinit const SchemaBlock kArtBlock = block_of<ArtSettings>(
    "art", "Pictures of titles: doc/pictures.md.", kArt, {.inline_form = true});

constinit const SchemaBlock kPlayerBlock = block_of<PlayerSettings>(
    "player", "The pages of streams; see doc/player.md.", kPlayer, {.inline_form = true});

}  // namespace lb
