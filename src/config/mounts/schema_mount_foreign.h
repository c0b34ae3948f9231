// Rows of <mount> that Icecast-KH and Icecast 2.5 have and this server does not: they are
// recognised, so that the warning can say why nothing happens.
// Thread: constant table.
#pragma once

#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"

namespace lb {

inline constexpr SchemaElement kMountForeign[] = {
    unsupported("priority", kKh, "sections are tried in the order of the file"),
    unsupported("min-queue-size", kKh,
                "the queue always holds the burst, so there is no minimum to set"),
    unsupported("file-seekable", kKh, "files are always seekable"),
    unsupported("allow-chunked", kKh, "chunked sources are always understood"),
    unsupported("filter-theora", kKh, "streams are sent on as they come"),
    unsupported("skip-accesslog", kKh, "every request is logged"),
    unsupported("max-send-size", kKh, "the size of a delivery follows from max-pulse"),
    unsupported("ogg-passthrough", kKh, "Ogg is always sent on as it comes"),
    unsupported("admin_comments_only", kKh,
                "titles of the source and of the administrator are both shown",
                "admin-comments-only"),
    unsupported("allow-url-ogg-metadata", kKh, "titles of Ogg streams come from the stream only"),
    unsupported("ban-client", kKh,
                "nothing is banned by itself; bans are set in the console and by /api/v1/bans"),
    unsupported("intro-skip-replay", kKh, "the intro is played to every listener"),
    unsupported("so-sndbuf", kKh, "it is set in listen-socket, for all mounts"),
    unsupported("preroll-log", kKh, "there is no preroll log"),
    unsupported("accesslog", kKh, "all mounts share one access log"),
    unsupported("dump-file-size-limit", kIcecast25, "a dump file grows until the source ends",
                "dump-file-time-limit"),
};
static_assert(all_have_set_by(kMountForeign));

}  // namespace lb
