extern "C" void in_the_missing_library();
void in_the_missing_library() {}
