//go:build !unix

package exec

import (
	"os"
	"syscall"
)

// There are no process groups here: only the program itself is ended.

func ownGroup() *syscall.SysProcAttr { return nil }

func signalGroup(pid int, exited bool, s syscall.Signal) bool {
	if exited {
		return false
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	if s != 0 {
		_ = p.Kill() // nothing gentler exists
	}
	return p.Release() == nil
}

func exitCode(p *os.ProcessState) int { return p.ExitCode() }
