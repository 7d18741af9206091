extern "C" int keelson_plugin;
int keelson_plugin = 1;
