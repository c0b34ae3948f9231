#include "stream/file/heard_file_record.h"

#include <utility>

#include "stream/file/file_feeder.h"

namespace lb {

void FileFeeder::save(FeederRecord& saved, FdsOut& fds) const {
  saved.facts = *mount_->facts();
  saved.codec = *mount_->codec();
  saved.log = saved_bytes(*stream_);
  saved.log_file = fds.add(stream_->file());
  saved.framer = saved_bytes(*framer_);
  if (scanner_) saved.scanner = *scanner_;
  saved.at = at_;
  saved.bytes_per_second = rate_;
  saved.round = round_;
  saved.sound = sound_;
}

Result<std::unique_ptr<FileFeeder>> FileFeeder::restore(Loop& loop, Log& log, Callbacks callbacks,
                                                        std::shared_ptr<Mount> mount,
                                                        std::shared_ptr<const FileStream> file,
                                                        const FeederRecord& saved, FdsIn& fds) {
  RecordIn in("log", saved.log);
  auto stream = StreamLog::restore(in, fds.take(saved.log_file));
  if (!stream) return stream.error();
  if (saved.at > file->size() || saved.bytes_per_second == 0)
    return Error::invalid("it is behind the end of its file, or has no rate");
  mount->channel().publish((*stream)->last_view());
  mount->set_codec(std::make_shared<const CodecFacts>(saved.codec));
  std::unique_ptr<FileFeeder> feeder(
      new FileFeeder(loop, log,
                     Parts{std::move(callbacks), std::move(mount), std::move(*stream),
                           std::move(file), saved.bytes_per_second}));
  if (auto read = restore_part("framer", saved.framer, *feeder->framer_); !read)
    return read.error();
  if (feeder->scanner_ && saved.scanner) *feeder->scanner_ = *saved.scanner;
  feeder->at_ = saved.at;
  feeder->round_ = saved.round;
  feeder->sound_ = saved.sound;
  return feeder;
}

}  // namespace lb
