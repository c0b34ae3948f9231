// Rows of <mount> that Icecast-KH and Icecast 2.5 have and this server does not: they are
// recognised, so that the warning can say why nothing happens.
// Thread: constant table.
#pragma once

#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"

namespace lb {

inline constexpr SchemaElement kMountForeign[] = {
    unsupported("priority", SchemaOrigin::kKh, "sections are tried in the order of the file"),
    unsupported("min-queue-size", SchemaOrigin::kKh,
                "the queue always holds the burst, so there is no minimum to set"),
    unsupported("file-seekable", SchemaOrigin::kKh, "files are always seekable"),
    unsupported("allow-chunked", SchemaOrigin::kKh, "chunked sources are always understood"),
    unsupported("filter-theora", SchemaOrigin::kKh, "streams are sent on as they come"),
    unsupported("skip-accesslog", SchemaOrigin::kKh, "every request is logged"),
    unsupported("max-send-size", SchemaOrigin::kKh,
                "the size of a delivery follows from max-pulse"),
    unsupported("ogg-passthrough", SchemaOrigin::kKh, "Ogg is always sent on as it comes"),
    unsupported("admin_comments_only", SchemaOrigin::kKh,
                "titles of the source and of the administrator are both shown",
                "admin-comments-only"),
    unsupported("allow-url-ogg-metadata", SchemaOrigin::kKh,
                "titles of Ogg streams come from the stream only"),
    unsupported("ban-client", SchemaOrigin::kKh,
                "nothing is banned by itself; bans are set in the console and by /api/v1/bans"),
    unsupported("intro-skip-replay", SchemaOrigin::kKh, "the intro is played to every listener"),
    unsupported("so-sndbuf", SchemaOrigin::kKh, "it is set in listen-socket, for all mounts"),
    unsupported("preroll-log", SchemaOrigin::kKh, "there is no preroll log"),
    unsupported("accesslog", SchemaOrigin::kKh, "all mounts share one access log"),
    unsupported("dump-file-size-limit", SchemaOrigin::kIcecast25,
                "a dump file grows until the source ends", "dump-file-time-limit"),
};
static_assert(all_have_set_by(kMountForeign));

}  // namespace lb
