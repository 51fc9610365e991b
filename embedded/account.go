package embedded

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is who runs PostgreSQL. It refuses to run as root, so root lends it to somebody else;
// everybody else runs it as themselves and has no credential.
type account struct {
	name       string
	credential *syscall.Credential
}

// accountFor prefers the owner of the data, so that whoever created them can start again without root.
func accountFor(data string) (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	if info, err := os.Lstat(data); err == nil {
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 0 {
			return newAccount(fmt.Sprint("uid ", owner.Uid), owner.Uid, owner.Gid), nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		if a, err := lookupAccount(name); err == nil {
			return a, nil
		}
	}
	return account{}, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to run it: start parley as an ordinary user")
}

func lookupAccount(name string) (account, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return account{}, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return account{}, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return account{}, err
	}
	return newAccount(name, uint32(uid), uint32(gid)), nil
}

func newAccount(name string, uid, gid uint32) account {
	return account{name: name, credential: &syscall.Credential{Uid: uid, Gid: gid}}
}

func (a account) uid() uint32 {
	if a.credential == nil {
		return uint32(os.Geteuid())
	}
	return a.credential.Uid
}

func (a account) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: a.credential}
}

func (a account) own(path string) error {
	if a.credential == nil {
		return nil
	}
	return os.Lchown(path, int(a.credential.Uid), int(a.credential.Gid))
}

// canEnter asks the kernel rather than the permission bits, which do not know access lists and mounts.
func (a account) canEnter(dir string) bool {
	if a.credential == nil {
		return true
	}
	probe := exec.Command("/bin/sh", "-c", ":")
	probe.Dir = dir
	probe.SysProcAttr = a.attributes()
	return probe.Run() == nil
}

// barrier is the outermost directory on the way to dir that keeps the account out.
func (a account) barrier(dir string) string {
	for dir != "/" && !a.canEnter(filepath.Dir(dir)) {
		dir = filepath.Dir(dir)
	}
	return dir
}
