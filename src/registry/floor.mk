noinst_LIBRARIES += src/libregistry.a
src_libregistry_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
registry_files = \
  src/registry/copy_registry.cc src/registry/copy_registry.h \
  src/registry/deletion_doubt.cc src/registry/deletion_doubt.h \
  src/registry/etcd_client.cc src/registry/etcd_client.h \
  src/registry/etcd_commits.cc \
  src/registry/etcd_loader.cc src/registry/etcd_loader.h \
  src/registry/etcd_registry.cc src/registry/etcd_registry.h \
  src/registry/etcd_text.cc src/registry/etcd_text.h \
  src/registry/etcd_watch.cc src/registry/etcd_watch.h \
  src/registry/file_registry.cc src/registry/file_registry.h \
  src/registry/folder.cc src/registry/folder.h \
  src/registry/key.cc src/registry/key.h \
  src/registry/make_registry.cc src/registry/make_registry.h \
  src/registry/mirror.cc src/registry/mirror.h \
  src/registry/record_directory.cc src/registry/record_directory.h \
  src/registry/record_text.cc src/registry/record_text.h \
  src/registry/registry.h \
  src/registry/settings.h \
  src/registry/store_copy.cc src/registry/store_copy.h
if UNITY
nodist_src_libregistry_a_SOURCES = $(registry_units)
else
src_libregistry_a_SOURCES = $(registry_files)
endif
registry_units = src/registry/unity_1.cc
$(registry_units): src/registry/floor.mk tools/unity
	$(UNITY) $@ $(registry_units) : $(registry_files)
CLEANFILES += $(registry_units)
