// Foreign pages: SHOUTcast's addresses, and the recent titles.  PageCache makes and keeps them like
// all public pages.
//
//   /7.html  /stats  /stats?json=1  /currentsong  /played.html  /played?type=xml|json (SHOUTcast's)
//   /played.xsl  /played.json                                                            (ours)
//
// SHOUTcast's pages take sid=N, or mount= like ours.  Streams are numbered from 1 in the order of
// their names, streams with a section or a <station> also while off the air; the <shoutcast-mount>,
// if configured, is number 1.  An unknown number gets 404.  Hidden mounts are not shown.  A mount
// or a file of the web root with the same name comes first.
//
// Thread: foreign_page_ask() any; foreign_page() "pages".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/page/shoutcast_pages.h"
#include "app/pages/page_cache.h"
#include "stream/mount/mount_table.h"

namespace lb {

struct Config;
struct Traffic;

// The names of all shown streams, in the order of their numbers.
std::vector<std::string> numbered_streams(const Config& config, const MountTable::Rows& mounts);
bool is_shown_stream(const Traffic& traffic, const Config& config, const std::string& name);
bool is_foreign_path(const Traffic& traffic, const std::string& path);
// hidden_too: for administrators.
ShoutcastStream shoutcast_stream(const Traffic& traffic, const Config& config,
                                 const std::string& name, const StatsDocument& document,
                                 bool hidden_too = false);
// nullopt: no such stream.
std::optional<PageAsk> foreign_page_ask(const Services& services, const std::string& path,
                                        const std::string& query);
// nullopt: not a foreign page.
std::optional<Result<RenderedPage>> foreign_page(const Traffic& traffic, const PageAsk& ask,
                                                 const Config& config,
                                                 const StatsDocument& document,
                                                 XsltRenderer& renderer);

}  // namespace lb
