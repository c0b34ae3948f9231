// Rows of <acme>.
#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;

constexpr SchemaElement kAuthorityRows[] = {
    {.name = "url",
     .kind = kText,
     .slot = slot<&AcmeAuthority::url>,
     .example = "letsencrypt",
     .help = "letsencrypt, letsencrypt-staging (for trying; no player trusts it), or another "
             "directory's https address."},
    {.name = "ca-file",
     .kind = kPath,
     .slot = slot<&AcmeAuthority::ca_file>,
     .example = "/etc/ssl/our-ca.pem",
     .help = "PEM certificates that it is trusted by; without it the system's."},
    {.name = "eab-kid",
     .kind = kText,
     .slot = slot<&AcmeAuthority::external_id>,
     .example = "kid-1",
     .help = "The id of an account there, where it wants one."},
    {.name = "profile",
     .kind = kText,
     .slot = slot<&AcmeAuthority::profile>,
     .example = "shortlived",
     .help = "A kind of certificates that the directory names; without it the authority chooses."},
    {.name = "staging",
     .kind = kText,
     .slot = slot<&AcmeAuthority::staging>,
     .example = "https://staging.example.com/directory",
     .help = "The directory for trying, asked after two attempts that failed; Let's Encrypt's is "
             "known."},
    {.name = "eab-key",
     .kind = kSecret,
     .slot = slot<&AcmeAuthority::external_key>,
     .help = "And its key, in base64url as the authority shows it."},
};

constexpr SchemaBlock kAuthorityBlock{
    .name = "authority",
    .help = "An authority; the next is asked where one has failed for long.",
    .elements = kAuthorityRows,
    .fresh = fresh<AcmeAuthority>,
    .inline_form = true};

constexpr SchemaChoice kHttpsRedirects[] = {
    {"off", static_cast<std::int64_t>(HttpsRedirect::kOff)},
    {"pages", static_cast<std::int64_t>(HttpsRedirect::kPages)},
    {"all", static_cast<std::int64_t>(HttpsRedirect::kAll)}};

constexpr SchemaElement kAcme[] = {
    {.kind = kBool,
     .slot = slot<&AcmeSettings::enabled>,
     .standard = "1, where the element is there",
     .example = "1",
     .help = "1: certificates are ordered and renewed, which agrees to the authority's terms."},
    {.name = "names",
     .kind = kList,
     .slot = slot<&AcmeSettings::names>,
     .standard = "hostname",
     .example = "radio.example.org www.radio.example.org",
     .help = "The names of one certificate, all of this server; off: nothing is ordered."},
    {.name = "email",
     .kind = kText,
     .slot = slot<&AcmeSettings::email>,
     .example = "radio@example.org",
     .help = "Where the authority may write to."},
    {.name = "challenges",
     .kind = kList,
     .slot = slot<&AcmeSettings::challenges>,
     .standard = "tls-alpn-01 http-01 dns-01",
     .example = "http-01 dns-01",
     .help = "How names are proved, in this order: tls-alpn-01 (port 443), http-01 "
             "(port 80), dns-01 (needs dns-hook)."},
    {.name = "dns-hook",
     .kind = kPath,
     .slot = slot<&AcmeSettings::dns_hook>,
     .example = "/usr/local/bin/radio-dns",
     .help = "Sets and removes records for dns-01: PROGRAM add|remove NAME VALUE, within 120 s, "
             "status 0 once it is there; a name and its wildcard need two at a time."},
    {.name = "dns-wait",
     .kind = kSeconds,
     .slot = slot<&AcmeSettings::dns_wait>,
     .min = 0,
     .max = 3600,
     .example = "30",
     .help = "Time between dns-hook and the request to the authority."},
    {.name = "keys",
     .kind = kList,
     .slot = slot<&AcmeSettings::keys>,
     .standard = "ecdsa",
     .example = "ecdsa rsa",
     .help = "The kinds of keys: ecdsa (P-256); rsa (2048 bits) as a second certificate, for old "
             "players."},
    {.name = "ports",
     .kind = kList,
     .slot = slot<&AcmeSettings::ports>,
     .standard = "80 443",
     .example = "8080 8443",
     .help = "Opened beside the listen-sockets, for http and for https; off: none."},
    {.name = "redirect",
     .kind = kChoice,
     .slot = slot<&AcmeSettings::redirect>,
     .choices = kHttpsRedirects,
     .help = "What http sends on to https, where there is a certificate: pages, all (streams too; "
             "old radios have no TLS), off."},
    {.name = "hsts",
     .kind = kSeconds,
     .slot = slot<&AcmeSettings::hsts>,
     .min = 0,
     .max = 63072000,
     .example = "31536000",
     .help = "For so long browsers come by https alone (Strict-Transport-Security)."},
    {.name = "answer-from",
     .kind = kList,
     .slot = slot<&AcmeSettings::answer_from>,
     .standard = "the masters",
     .example = "http://192.0.2.7:8000",
     .help = "Servers asked, beside the masters, for an answer of http-01 not known here."},
    {.name = "authority",
     .aliases = "directory",
     .kind = kBlock,
     .block = &kAuthorityBlock,
     .nest = each_in<&AcmeSettings::authorities>()},
};

}  // namespace

constinit const SchemaBlock kAcmeBlock{.name = "acme",
                                       .help = "Certificates by themselves: doc/https.md.",
                                       .elements = kAcme,
                                       .fresh = fresh<AcmeSettings>,
                                       .inline_form = true};

}  // namespace lb
