import Glibc
import Ops

exit(await SluiceProgram.run(Array(CommandLine.arguments.dropFirst())))
