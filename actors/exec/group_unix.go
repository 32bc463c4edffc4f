//go:build unix

package exec

import (
	"os"
	"syscall"
)

// ownGroup puts a program into a process group of its own, whose id is the
// program's.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// signalGroup sends a signal to the group of a program, with 0 to nobody, and
// reports whether there is anyone in it. Once the program itself was waited for,
// its number may come to be that of another program: then the group is gone.
func signalGroup(pid int, exited bool, s syscall.Signal) bool {
	if exited && syscall.Kill(pid, 0) != syscall.ESRCH {
		return false
	}
	return syscall.Kill(-pid, s) == nil
}

// exitCode is what a shell would call the code of a program that has ended.
func exitCode(p *os.ProcessState) int {
	if s, ok := p.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return 128 + int(s.Signal())
	}
	return p.ExitCode()
}
