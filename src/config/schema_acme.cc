// Rows of <acme>.
#include "config/config.h"
#include "config/schema.h"
#include "config/schema_rows.h"

namespace lb {
namespace {

using enum ValueKind;

constexpr SchemaElement kAuthorityRows[] = {
    {.name = "url",
     .kind = kText,
     .slot = slot<&AcmeAuthority::url>,
     .origin = SchemaOrigin::kOwn,
     .example = "letsencrypt",
     .help = "letsencrypt, letsencrypt-staging (for trying: no player trusts it), or the https "
             "address of another authority's directory."},
    {.name = "ca-file",
     .kind = kPath,
     .slot = slot<&AcmeAuthority::ca_file>,
     .origin = SchemaOrigin::kOwn,
     .example = "/etc/ssl/our-ca.pem",
     .help = "The certificates, in PEM, that the directory is trusted by; without it those of the "
             "system."},
    {.name = "eab-kid",
     .kind = kText,
     .slot = slot<&AcmeAuthority::external_id>,
     .origin = SchemaOrigin::kOwn,
     .example = "kid-1",
     .help = "The account that one has with the authority already, where it wants one: its id."},
    {.name = "profile",
     .kind = kText,
     .slot = slot<&AcmeAuthority::profile>,
     .origin = SchemaOrigin::kOwn,
     .example = "shortlived",
     .help = "Which of the authority's kinds of certificates; its directory names them. Without it "
             "the authority chooses."},
    {.name = "staging",
     .kind = kText,
     .slot = slot<&AcmeAuthority::staging>,
     .origin = SchemaOrigin::kOwn,
     .example = "https://staging.example.com/directory",
     .help = "The authority's directory for trying, which is asked after two attempts in which a "
             "name was not shown to be this server's, until one succeeds there. Let's Encrypt's is "
             "known."},
    {.name = "eab-key",
     .kind = kSecret,
     .slot = slot<&AcmeAuthority::external_key>,
     .origin = SchemaOrigin::kOwn,
     .help = "And its key, in base64url as the authority shows it."},
};

constexpr SchemaBlock kAuthorityBlock{
    .name = "authority",
    .help =
        "The authority that is asked for certificates. Of several the next one is asked where "
        "one has failed for a day, for a third of the time that is left, "
        "or for ten minutes where there is no certificate.",
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
     .origin = SchemaOrigin::kOwn,
     .standard = "1, where the element is there",
     .example = "1",
     .help = "1: certificates are ordered and renewed. Who writes it agrees to the terms of the "
             "authority; their address is in the log."},
    {.name = "names",
     .kind = kList,
     .slot = slot<&AcmeSettings::names>,
     .origin = SchemaOrigin::kOwn,
     .standard = "hostname",
     .example = "radio.example.org www.radio.example.org",
     .help = "The names and addresses of one certificate. Each leads to this server, whose port 80 "
             "is asked by the authority."},
    {.name = "email",
     .kind = kText,
     .slot = slot<&AcmeSettings::email>,
     .origin = SchemaOrigin::kOwn,
     .example = "radio@example.org",
     .help = "Where the authority may write to."},
    {.name = "challenges",
     .kind = kList,
     .slot = slot<&AcmeSettings::challenges>,
     .origin = SchemaOrigin::kOwn,
     .standard = "tls-alpn-01 http-01 dns-01",
     .example = "http-01 dns-01",
     .help = "How the authority is shown that a name is this server's, the next where one fails: "
             "tls-alpn-01 (it asks port 443; by itself only where this server has that port), "
             "http-01 (port 80), dns-01 (a record of the name; by itself only with dns-hook)."},
    {.name = "dns-hook",
     .kind = kPath,
     .slot = slot<&AcmeSettings::dns_hook>,
     .origin = SchemaOrigin::kOwn,
     .example = "/usr/local/bin/radio-dns",
     .help =
         "The program that sets and removes records for dns-01, which wildcards need. It is run "
         "as PROGRAM add|remove NAME VALUE, has 120 s, and ends with 0 when the record is "
         "there. add never replaces: a name and its wildcard need two at a time."},
    {.name = "dns-wait",
     .kind = kSeconds,
     .slot = slot<&AcmeSettings::dns_wait>,
     .min = 0,
     .max = 3600,
     .origin = SchemaOrigin::kOwn,
     .example = "30",
     .help = "So long after dns-hook has ended the authority is asked to look: name servers copy "
             "records from each other."},
    {.name = "redirect",
     .kind = kChoice,
     .slot = slot<&AcmeSettings::redirect>,
     .choices = kHttpsRedirects,
     .origin = SchemaOrigin::kOwn,
     .help = "What is sent on from http to https, once there is a certificate of the name that was "
             "asked for: pages (for browsers, never a stream), all (streams too; old radios have "
             "no TLS), off."},
    {.name = "hsts",
     .kind = kSeconds,
     .slot = slot<&AcmeSettings::hsts>,
     .min = 0,
     .max = 63072000,
     .origin = SchemaOrigin::kOwn,
     .example = "31536000",
     .help = "Browsers that have come by https once are told to come by it alone for so long "
             "(Strict-Transport-Security). 0: nothing is said."},
    {.name = "authority",
     .kind = kBlock,
     .block = &kAuthorityBlock,
     .nest = each_in<&AcmeSettings::authorities>(),
     .origin = SchemaOrigin::kOwn},
};

}  // namespace

constinit const SchemaBlock kAcmeBlock{
    .name = "acme",
    .help =
        "Certificates by themselves, from Let's Encrypt or another authority; see doc/https.md.",
    .elements = kAcme,
    .fresh = fresh<AcmeSettings>,
    .inline_form = true};

}  // namespace lb
