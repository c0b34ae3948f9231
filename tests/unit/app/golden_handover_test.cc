// All records of a hand-over, each with a value in every field, as they were written on 2026-11-26.
// What is written down here is never changed: a field that is added is absent in it.  Those whose
// fields check each other: tests/unit/stream/golden_records_test.cc.
// But the statistics of HeardFileRecord stand in the order of their names, as each version has
// written them.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "admin/directory/yp.h"
#include "admin/feed/event_stream.h"
#include "app/handover/handover_records.h"
#include "app/operate/listener_numbers.h"
#include "app/operate/metrics_service.h"
#include "app/pages/due_titles.h"
#include "app/programs/child_record.h"
#include "app/programs/dead_air_service.h"
#include "app/services/tls_pumps.h"
#include "app/services/webhooks.h"
#include "app/topology/cluster_record.h"
#include "archive/files/past_record.h"
#include "archive/record/recording_record.h"
#include "auth/guard/guess_record.h"
#include "auth/listener/listener_ledger.h"
#include "base/encoding.h"
#include "cluster/link/master_record.h"
#include "cluster/nodes/node_record.h"
#include "cluster/relay/relay_host.h"
#include "cluster/slots/seat_book.h"
#include "cluster/slots/slot_book.h"
#include "hls/list_record.h"
#include "net/socket/resolver.h"
#include "stream/file/heard_file_record.h"
#include "stream/listener/direct_record.h"
#include "stream/mount/closed_mounts.h"
#include "stream/source/dump_writer.h"
#include "stream/source/ended_record.h"
#include "stream/source/off_air.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

// Gives each field a value that its struct does not begin with.
class FilledRecord {
 public:
  static constexpr bool kReads = true;

  template <class... V>
  void operator()(std::uint32_t, V&... values) {
    (fill(values), ...);
  }
  template <class... V>
  void needed(std::uint32_t, V&... values) {
    (fill(values), ...);
  }
  template <class E>
  void choice(std::uint32_t, E& value, E last) {
    value = last;
  }
  void wrong(std::uint32_t, std::string_view) {}
  bool failed() const { return false; }

 private:
  template <class V>
  void fill(V& value) {
    if constexpr (std::is_same_v<V, bool>)
      value = !value;
    else if constexpr (std::is_integral_v<V>)
      value = static_cast<V>(1 + ++count_ % 100);
    else
      fill_other(value);
  }
  void fill_other(double& value) { value = 0.5 + static_cast<double>(++count_); }
  void fill_other(std::string& value) { value = "text " + std::to_string(++count_); }
  void fill_other(std::vector<std::byte>& value) { value.assign(3, std::byte{7}); }
  template <class Rep, class Period>
  void fill_other(std::chrono::duration<Rep, Period>& value) {
    value = std::chrono::duration<Rep, Period>(static_cast<Rep>(++count_));
  }
  template <class Clock, class D>
  void fill_other(std::chrono::time_point<Clock, D>& value) {
    value = std::chrono::time_point<Clock, D>(D(++count_));
  }
  template <class V>
  void fill_other(std::optional<V>& value) {
    fill(value.emplace());
  }
  template <class V>
  void fill_other(std::shared_ptr<V>& value) {
    auto made = std::make_shared<std::remove_const_t<V>>();
    fill(*made);
    value = std::move(made);
  }
  template <class V>
  void fill_other(std::vector<V>& value) {
    for (int i = 0; i < 2; ++i) fill(value.emplace_back());
  }
  template <class V>
  void fill_other(std::deque<V>& value) {
    fill(value.emplace_back());
  }
  template <class K, class V, class Less>
  void fill_other(std::map<K, V, Less>& value) {
    for (int i = 0; i < 2; ++i) {
      std::pair<K, V> one;
      fill(one);
      value.insert(std::move(one));
    }
  }
  template <class V, std::size_t N>
  void fill_other(std::array<V, N>& value) {
    for (V& one : value) fill(one);
  }
  template <class A, class B>
  void fill_other(std::pair<A, B>& value) {
    fill(value.first);
    fill(value.second);
  }
  template <class T>
  requires requires(RecordIn& io, T& value) { record_fields(io, value); }
  void fill_other(T& value) {
    record_fields(*this, value);
    // These two are checked against each other.
    if constexpr (std::is_same_v<T, ListenerRecord>) value.until_block = value.metaint;
  }

  int count_ = 0;
};

// Fields as a list: number and value; nullopt: these are none.
struct GoldenField {
  std::uint64_t key = 0, value = 0;
  std::string_view text;
};
std::optional<std::vector<GoldenField>> golden_fields(std::string_view bytes) {
  std::vector<GoldenField> fields;
  const auto number = [&bytes](std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; !bytes.empty() && shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  };
  while (!bytes.empty()) {
    GoldenField field;
    if (!number(field.key) || !number(field.value)) return std::nullopt;
    if ((field.key & 1) != 0) {
      if (field.value > bytes.size()) return std::nullopt;
      field.text = bytes.substr(0, field.value);
      bytes.remove_prefix(field.value);
    }
    fields.push_back(field);
  }
  return fields;
}

// All that was read is there again, at whatever depth; what is new may be beside it.
bool has_all_of_golden(std::string_view golden, std::string_view now) {
  const auto old = golden_fields(golden), present = golden_fields(now);
  if (!old || !present) return golden == now;
  auto at = present->begin();
  for (const GoldenField& field : *old) {
    const auto is_it = [&field](const GoldenField& one) {
      if (one.key >> 2 != field.key >> 2 || ((one.key ^ field.key) & 1) != 0) return false;
      return (field.key & 1) == 0
                 ? one.value == field.value
                 : one.text == field.text || has_all_of_golden(field.text, one.text);
    };
    at = std::find_if(at, present->end(), is_it);
    if (at == present->end()) return false;
    ++at;
  }
  return true;
}

template <class T>
void is_read_again(const char* name, std::string_view golden) {
  T filled;
  FilledRecord fill;
  record_fields(fill, filled);
  // Today's: what a new kind of record is written down as.
  const std::string now = base64url_encode(record_bytes(filled));
  CHECK_TEXT(!golden.empty(), (std::string(name) + ": " + now).c_str());
  const std::string bytes = *base64url_decode(golden);
  const auto got = read_record<T>("golden", bytes);
  CHECK_TEXT(got.has_value(), got ? "" : (std::string(name) + ": " + got.error().what).c_str());
  CHECK_TEXT(has_all_of_golden(bytes, record_bytes(*got)),
             (std::string(name) + " is " + now).c_str());
  RecordOut later;
  later(900, std::string("of a later version"));
  CHECK_TEXT(read_record<T>("golden", bytes + later.bytes()).has_value(), name);
  RecordOut needed;
  needed.needed(901, std::uint64_t{1});
  CHECK_TEXT(!read_record<T>("golden", bytes + needed.bytes()).has_value(), name);
}

}  // namespace

TEST_GROUP(GoldenHandover){};

TEST(GoldenHandover, EachKindOfRecordIsRead) {
  is_read_again<OfferRecord>(
      "OfferRecord",
      "BgIJBnRleHQgMgwEEAUUARgGGAccCBwJIAogCyQMKRcEDQgODQd0ZXh0IDE0EAEUARgQGBEcASkXBBIIEw0HdGV4dC"
      "AxORABFAEYFRgWHAEtFwQXCBgNB3RleHQgMjQQARQBGBoYGxwBLRcEHAgdDQd0ZXh0IDI5EAEUARgfGCAcATAhNAE4"
      "IjgjPCQ8JUAmQCdEAUgoSClMKlELBwd0ZXh0IDQyCixRCwcHdGV4dCA0NAouVAE");
  is_read_again<WordRecord>("WordRecord", "BQZ0ZXh0IDEIAQwD");
  is_read_again<ServerRecord>("ServerRecord", "BAIIAwwDEAUUBhQHGAgcCQ");
  is_read_again<ListenersRecord>(
      "ListenersRecord",
      "BwZ0ZXh0IDEIAw-wAgYECgUNIgQGBAcECAQJBAoECwQMBA0EDgQPBBAEEQQSBBMEFAQVCBYRB3RleHQgMjIVB3RleH"
      "QgMjMZB3RleHQgMjQdB3RleHQgMjUiGyQcKQd0ZXh0IDI4LQMHBwcwHjUMBQYEHwQgCCEIAQwBOCI9DwQjCQd0ZXh0"
      "IDM1DAMQJEAmRCZIKE0zBAMIKQ0tBQd0ZXh0IDQxCQd0ZXh0IDQyDQd0ZXh0IDQzEQd0ZXh0IDQ0FQd0ZXh0IDQ1UT"
      "MEAwgvDS0FB3RleHQgNDcJB3RleHQgNDgNB3RleHQgNDkRB3RleHQgNTAVB3RleHQgNTFUAVg1XAFhB3RleHQgNTNk"
      "AWgBbAFwNnQ3eSIFBgY5CjoMOgkHdGV4dCA1OQkHdGV4dCA2MA0EBj4IPhBAfAEPvQIGQQpCDSIEQwREBEUERgRHBE"
      "gESQRKBEsETARNBE4ETwRQBFEEUghTEQd0ZXh0IDgzFQd0ZXh0IDg0GQd0ZXh0IDg1HQd0ZXh0IDg2IlgkWSkHdGV4"
      "dCA4OS0DBwcHMFs1DAUGBFwEXQheCAEMAThfPQ8EYAkHdGV4dCA5NgwDEGFAY0RjSAFNOAQDCAINMgUIdGV4dCAxMD"
      "IJCHRleHQgMTAzDQh0ZXh0IDEwNBEIdGV4dCAxMDUVCHRleHQgMTA2UTgEAwgIDTIFCHRleHQgMTA4CQh0ZXh0IDEw"
      "OQ0IdGV4dCAxMTARCHRleHQgMTExFQh0ZXh0IDExMlQBWA5cAWEIdGV4dCAxMTRkAWgBbAFwc3R0eSQFBgYSChMMdw"
      "kIdGV4dCAxMjAJCHRleHQgMTIxDQQGFwh7EBl8ARIa");
  is_read_again<RequestRecord>(
      "RequestRecord",
      "BAIKAw0iBAQEBQQGBAcECAQJBAoECwQMBA0EDgQPBBAEEQQSBBMIFBAVFAEZB3RleHQgMjEcASAB");
  is_read_again<AudienceRecord>("AudienceRecord",
                                "BgILIgcGdGV4dCAyCgQOBRIGFgcYCB8GBgkKCgwLHwYGDAoNDA4ODw");
  is_read_again<PlayersRecord>(
      "PlayersRecord",
      "B38GAgsGdGV4dCAyDwZ0ZXh0IDMRBnRleHQgNBUGdGV4dCA1GQZ0ZXh0IDYdBnRleHQgNyEGdGV4dCA4JQZ0ZXh0ID"
      "koASwBMSIFBgYLCgwMDAkHdGV4dCAxMwkHdGV4dCAxNA0EBhAIEBASNBI4EzyAkN_ASkABRMDegQpIF0wBB4gBBhgL"
      "B3RleHQgMjQPB3RleHQgMjURB3RleHQgMjYVB3RleHQgMjcZB3RleHQgMjgdB3RleHQgMjkhB3RleHQgMzAlB3RleH"
      "QgMzEoASwBMSIFBgYhCiIMIgkHdGV4dCAzNQkHdGV4dCAzNg0EBiYIJhAoNCg4KTyAyJS7nAFAAUTAwcAUSC1MAQ");
  is_read_again<ClusterRecord>(
      "ClusterRecord",
      "BwZ0ZXh0IDELBnRleHQgMgwEDAUREgUGdGV4dCA1CQZ0ZXh0IDYMCBESBQZ0ZXh0IDgJBnRleHQgOQwLFQsFB3RleH"
      "QgMTEIDRULBQd0ZXh0IDEzCA8YEBwRIBIkEyQU");
  is_read_again<MasterRecord>("MasterRecord",
                              "BwZ0ZXh0IDEJBnRleHQgMg0GdGV4dCAzEAUUBhgHHQZ0ZXh0IDcdBnRleHQgOA");
  is_read_again<EndRecord>("EndRecord", "BAIIAwwEEAUUBhgHHAggCSQK");
  is_read_again<NodeRecord>(
      "NodeRecord",
      "BwZ0ZXh0IDEJBnRleHQgMgwDEAQVBnRleHQgMxgBHAUhDgQBCQZ0ZXh0IDUMBxACIQ4EAQkGdGV4dCA3DAkQAiUaBI"
      "CAgICAgMCRQAgLDAwQDRSAgICAgIDAlUApB3RleHQgMTQpB3RleHQgMTUtB3RleHQgMTYtB3RleHQgMTcwgNHKCDTA"
      "1YcJOAA8AUABRABIAUwVUBZUF1gKXAFggICAgICA4JtAZICAgICAgKCcQGgabBtwHHQdeB18HoABH4UBDgQgCICAgI"
      "CAgLCgQAwjhQEOBCMIgICAgICAkKFADCaJARcFB3RleHQgMzgIKAwpEAAUARgqHAogK4kBFwUHdGV4dCA0MwgtDC4Q"
      "ABQBGC8cCiAwjQFiBRYEgICAgICAkKRACICAgICAgLCkQAwyCRYEgICAgICA8KRACICAgICAgJClQAw1DRYEgICAgI"
      "CA0KVACICAgICAgPClQAw4EAEUORg6HICAgICAgPCmQCCAgICAgICQp0A");
  is_read_again<ArchiveRecord>(
      "ArchiveRecord",
      "BwZ0ZXh0IDEKAw0MBQZ0ZXh0IDMIBQwGDQwFBnRleHQgNggIDAkRkwEHBnRleHQgOQlTBykFHgQLCAwIDQwOEQQEDw"
      "gQFBEYARwBIQgEEggTDBQQFQkHdGV4dCAyMQsHdGV4dCAyMg4YEhkVB3RleHQgMjUZCAQbCBwMHRAeHB8gICQhKAEM"
      "ARABFAEYIhwjICQkJSgmLCcxHgQoCCkIKgwrEQQELAgtFC4YARwBIQgELwgwDDEQMjQyODMRlAEHB3RleHQgNTIJUw"
      "cpBR4ENgg3CDgMOREEBDoIOxQ8GAEcASEIBD0IPgw_EEAJB3RleHQgNjQLB3RleHQgNjUOQxJEFQd0ZXh0IDY4GQgE"
      "RghHDEgQSRxKIEskTCgBDAEQARQBGE0cTiBPJFAoUSxSMR4EUwhUCFUMVhEEBFcIWBRZGAEcASEIBFoIWwxcEF00XT"
      "he");
  is_read_again<DumpRecord>("DumpRecord", "BwZ0ZXh0IDEJBnRleHQgMg4EEgUUBhgH");
  is_read_again<LedgerRecord>(
      "LedgerRecord",
      "BAIJPwYDCAQNBnRleHQgNBEGdGV4dCA1FSkFBnRleHQgNgkGdGV4dCA3DQZ0ZXh0IDgRBnRleHQgORUHdGV4dCAxMA"
      "lFBgwIDQ0HdGV4dCAxMxEHdGV4dCAxNBUtBQd0ZXh0IDE1CQd0ZXh0IDE2DQd0ZXh0IDE3EQd0ZXh0IDE4FQd0ZXh0"
      "IDE5");
  is_read_again<SlotBookRecord>("SlotBookRecord", "BwZ0ZXh0IDEIAQ0KBQZ0ZXh0IDIIBA0KBQZ0ZXh0IDQIBg");
  is_read_again<HeardFileRecord>(
      "HeardFileRecord",
      "BgILBnRleHQgMg0GdGV4dCAzEwZ0ZXh0IDQWBhoHHAEhzQEFZQUGdGV4dCA3CRIFB3RleHQgMTAJB3RleHQgMTEJEA"
      "UGdGV4dCA4CQZ0ZXh0IDkNB3RleHQgMTIQDhUHdGV4dCAxNBkHdGV4dCAxNR0HdGV4dCAxNiABJAEpB3RleHQgMTcs"
      "EjATCTcFB3RleHQgMjAIFgwXEBgVEgUHdGV4dCAyNAkHdGV4dCAyNRUSBQd0ZXh0IDI2CQd0ZXh0IDI3Dwd0ZXh0ID"
      "I4EQd0ZXh0IDI5Fh8ZEQQgCCEMIhAjFQMHBwcYJBwAHiUiJiQnJCgoKQ");
  is_read_again<PastRecord>(
      "PastRecord",
      "B7ACBgIKAw0iBAQEBQQGBAcECAQJBAoECwQMBA0EDgQPBBAEEQQSBBMIFBEHdGV4dCAyMBUHdGV4dCAyMRkHdGV4dC"
      "AyMh0HdGV4dCAyMyIZJBopB3RleHQgMjYtAwcHBzAcNQwFBgQdBB4IHwgBDAE4ID0PBCEJB3RleHQgMzMMAxAiQCRE"
      "JEgmTTMEAwgnDS0FB3RleHQgMzkJB3RleHQgNDANB3RleHQgNDERB3RleHQgNDIVB3RleHQgNDNRMwQDCC0NLQUHdG"
      "V4dCA0NQkHdGV4dCA0Ng0HdGV4dCA0NxEHdGV4dCA0OBUHdGV4dCA0OVQBWDNcAWEHdGV4dCA1MWQBaAFsAXA0dDV5"
      "IgUGBjcKOAw4CQd0ZXh0IDU3CQd0ZXh0IDU4DQQGPAg8ED58AQg_Dwd0ZXh0IDYzEwd0ZXh0IDY0FwYEQgRDCEQaRR"
      "5FIEc");
  is_read_again<DirectRecord>(
      "DirectRecord",
      "B7ACBgIKAw0iBAQEBQQGBAcECAQJBAoECwQMBA0EDgQPBBAEEQQSBBMIFBEHdGV4dCAyMBUHdGV4dCAyMRkHdGV4dC"
      "AyMh0HdGV4dCAyMyIZJBopB3RleHQgMjYtAwcHBzAcNQwFBgQdBB4IHwgBDAE4ID0PBCEJB3RleHQgMzMMAxAiQCRE"
      "JEgmTTMEAwgnDS0FB3RleHQgMzkJB3RleHQgNDANB3RleHQgNDERB3RleHQgNDIVB3RleHQgNDNRMwQDCC0NLQUHdG"
      "V4dCA0NQkHdGV4dCA0Ng0HdGV4dCA0NxEHdGV4dCA0OBUHdGV4dCA0OVQBWDNcAWEHdGV4dCA1MWQBaAFsAXA0dDV5"
      "IgUGBjcKOAw4CQd0ZXh0IDU3CQd0ZXh0IDU4DQQGPAg8ED58AQg_Dwd0ZXh0IDYzEkEWQhpDHSIERARFBEYERwRIBE"
      "kESgRLBEwETQROBE8EUARRBFIEUwhUIlUkAQ");
  is_read_again<SeatBookRecord>(
      "SeatBookRecord",
      "BgIKAw05BgQLIAcGdGV4dCA0CwZ0ZXh0IDUNBnRleHQgNhIIFAUYCRwBDQZ0ZXh0IDkRB3RleHQgMTAUARgLDT0GDQ"
      "sjBwd0ZXh0IDEzCwd0ZXh0IDE0DQd0ZXh0IDE1EhEUBRgSHAENB3RleHQgMTgRB3RleHQgMTkUARgUEQ0GFgoXDwd0"
      "ZXh0IDIzEQ0GGQoaDwd0ZXh0IDI2");
  is_read_again<RecordsRecord>("RecordsRecord",
                               "BxIHBnRleHQgMQsGdGV4dCAyDgQHEgcGdGV4dCA0CwZ0ZXh0IDUOBwoIDgE");
  is_read_again<ProgramRecord>("ProgramRecord",
                               "BgILBnRleHQgMg8GdGV4dCAzDwZ0ZXh0IDQTEwYGCgcOCBIJFAkZB3RleHQgMTA");
  is_read_again<TitlesRecord>(
      "TitlesRecord",
      "BQZ0ZXh0IDEJUgQCCQZ0ZXh0IDMNBgQFBAYIBxEGdGV4dCA3FQZ0ZXh0IDgZLgUGdGV4dCA5CQd0ZXh0IDEwDAwRB3"
      "RleHQgMTIVB3RleHQgMTMZB3RleHQgMTQJVgQPCQd0ZXh0IDE2DQYEEgQTCBQRB3RleHQgMjAVB3RleHQgMjEZLwUH"
      "dGV4dCAyMgkHdGV4dCAyMwwZEQd0ZXh0IDI1FQd0ZXh0IDI2GQd0ZXh0IDI3DB0RVgQdCQd0ZXh0IDMwDQYEIAQhCC"
      "IRB3RleHQgMzQVB3RleHQgMzUZLwUHdGV4dCAzNgkHdGV4dCAzNwwnEQd0ZXh0IDM5FQd0ZXh0IDQwGQd0ZXh0IDQx"
      "FVYEKgkHdGV4dCA0Mw0GBC0ELggvEQd0ZXh0IDQ3FQd0ZXh0IDQ4GS8FB3RleHQgNDkJB3RleHQgNTAMNBEHdGV4dC"
      "A1MhUHdGV4dCA1MxkHdGV4dCA1NA");
  is_read_again<PicturesRecord>(
      "PicturesRecord", "BRAFBnRleHQgMQkGdGV4dCAyBRAFBnRleHQgMwkGdGV4dCA0CQZ0ZXh0IDUJBnRleHQgNg");
  is_read_again<DeadAirRecord>(
      "DeadAirRecord",
      "BU4HBnRleHQgMQoDDAQRBnRleHQgNBUGdGV4dCA1GID4gq0WHAggASQBKxMGCQoKDgsSDBQMGQd0ZXh0IDEzLw8GDw"
      "gQDBERB3RleHQgMTcFUQcHdGV4dCAxOAoUDBURB3RleHQgMjEVB3RleHQgMjIYgMyg11UcGSABJAErEwYaChsOHBId"
      "FB0ZB3RleHQgMzAvDwYgCCEMIhEHdGV4dCAzNAkNBQd0ZXh0IDM1CCUMJQkNBQd0ZXh0IDM4CCgMKA1SBwd0ZXh0ID"
      "QxCisMLBEHdGV4dCA0NBUHdGV4dCA0NRiAmMGuqwEcMCABJAErEwYxCjIOMxI0FDQZB3RleHQgNTMvDwY3CDgMOREH"
      "dGV4dCA1Nw1SBwd0ZXh0IDU4CjwMPREHdGV4dCA2MRUHdGV4dCA2MhiA7N7Y6gEcQSABJAErEwZCCkMORBJFFEUZB3"
      "RleHQgNzAvDwZICEkMShEHdGV4dCA3NA");
  is_read_again<RelayRecord>(
      "RelayRecord",
      "BgILBnRleHQgMg0GdGV4dCAzEAUUARkGdGV4dCA1HQZ0ZXh0IDYdBnRleHQgNyEGdGV4dCA4JAAoASwKMAE");
  is_read_again<ClosedRecord>("ClosedRecord",
                              "BRIHBnRleHQgMQkGdGV4dCAyDgMFEgcGdGV4dCA0CQZ0ZXh0IDUOBg");
  is_read_again<OffAirRecord>("OffAirRecord", "BQZ0ZXh0IDEIAw0GdGV4dCAzEQZ0ZXh0IDQ");
  is_read_again<ThrottleRecord>("ThrottleRecord", "BwZ0ZXh0IDELBgYDCAQMBQsGBgYIBwwIDAkMCg");
  is_read_again<LoginRecord>(
      "LoginRecord",
      "BSgHBnRleHQgMQsOBwZ0ZXh0IDIKBAwEEAULDgcGdGV4dCA2CggMCBAJCQd0ZXh0IDEwDQd0ZXh0IDEx");
  is_read_again<DueTitleRecord>(
      "DueTitleRecord",
      "BwZ0ZXh0IDELrQEFBnRleHQgMgkGdGV4dCAzDQZ0ZXh0IDQRBnRleHQgNRUGdGV4dCA2GQZ0ZXh0IDcdBnRleHQgOC"
      "EGdGV4dCA5JQd0ZXh0IDEwKS8FB3RleHQgMTEJB3RleHQgMTIMDhEHdGV4dCAxNBUHdGV4dCAxNRkHdGV4dCAxNi0v"
      "BQd0ZXh0IDE3CQd0ZXh0IDE4DBQRB3RleHQgMjAVB3RleHQgMjEZB3RleHQgMjIwGA");
  is_read_again<EndedRecord>(
      "EndedRecord",
      "BgILBnRleHQgMg1iBQZ0ZXh0IDMJEAUGdGV4dCA0CQZ0ZXh0IDUJEAUGdGV4dCA2CQZ0ZXh0IDcNBnRleHQgOBAKFQ"
      "d0ZXh0IDEwGQd0ZXh0IDExHQd0ZXh0IDEyIAEkASkHdGV4dCAxMywOMA8QARcHdGV4dCAxNhoS");
  is_read_again<RecordsSinceRecord>(
      "RecordsSinceRecord",
      "BxIHBnRleHQgMQsGdGV4dCAyDgQHEgcGdGV4dCA0CwZ0ZXh0IDUOBwsGdGV4dCA3CwZ0ZXh0IDgOCg");
  is_read_again<NumbersRecord>("NumbersRecord",
                               "BQZ0ZXh0IDEIAg0OBQZ0ZXh0IDMIBQwGEAcNDgUGdGV4dCA3CAkMChAL");
  is_read_again<CountsRecord>("CountsRecord", "BQoFBnRleHQgMQgDBQoFBnRleHQgMwgF");
  is_read_again<ListingsRecord>("ListingsRecord",
                                "ByAHBnRleHQgMQsGdGV4dCAyDwZ0ZXh0IDMQBBSA5JfQEgcgBwZ0ZXh0IDYLBnRleH"
                                "QgNw8GdGV4dCA4EAkUgMivoCU");
  is_read_again<KnownNamesRecord>(
      "KnownNamesRecord", "BxgHBnRleHQgMQsGdGV4dCAyCwZ0ZXh0IDMHGAcGdGV4dCA0CwZ0ZXh0IDULBnRleHQgNg");
  is_read_again<WebhookRecord>(
      "WebhookRecord",
      "BQZ0ZXh0IDEJBnRleHQgMg0GdGV4dCAzDQZ0ZXh0IDQREAUGdGV4dCA1CQZ0ZXh0IDYREAUGdGV4dCA3CQZ0ZXh0ID"
      "g");
  is_read_again<EventsRecord>(
      "EventsRecord",
      "BQZ0ZXh0IDEIAw1HBQZ0ZXh0IDMJBnRleHQgNA0QBQZ0ZXh0IDUJBnRleHQgNg0QBQZ0ZXh0IDcJBnRleHQgOBEGdG"
      "V4dCA5FAoZB3RleHQgMTENTgUHdGV4dCAxMgkHdGV4dCAxMw0SBQd0ZXh0IDE0CQd0ZXh0IDE1DRIFB3RleHQgMTYJ"
      "B3RleHQgMTcRB3RleHQgMTgUExkHdGV4dCAyMA");
  is_read_again<PumpsRecord>("PumpsRecord", "BQwGAgkEBAMIBAwEEAEFDAYGCQQEBwgIDAgQAQ");
  is_read_again<HoldersRecord>("HoldersRecord",
                               "BxQHBnRleHQgMQsGdGV4dCAyDAQMBQcUBwZ0ZXh0IDULBnRleHQgNgwIDAk");
}
