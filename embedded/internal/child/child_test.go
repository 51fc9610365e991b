package child

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestProcess(t *testing.T) {
	t.Parallel()

	t.Run("tells how it ended", func(t *testing.T) {
		t.Parallel()
		for script, want := range map[string]string{"exit 0": "", "exit 7": "exit status 7", "kill -9 $$": "signal: killed"} {
			p, err := Start(exec.Command("/bin/sh", "-c", script), syscall.SIGKILL)
			if err != nil {
				t.Fatal(err)
			}
			<-p.Done()
			if err := p.Err(); (err == nil) != (want == "") || err != nil && err.Error() != want {
				t.Errorf("%s: got %v, want %q", script, err, want)
			}
			if err := p.Signal(syscall.SIGTERM); err == nil {
				t.Errorf("%s: a process that has ended took a signal", script)
			}
		}
	})

	t.Run("is not started when its program is missing", func(t *testing.T) {
		t.Parallel()
		_, err := Start(exec.Command("/nowhere/program"), syscall.SIGKILL)
		if err == nil || !strings.Contains(err.Error(), "/nowhere/program") {
			t.Errorf("got %v", err)
		}
	})

	t.Run("leads a process group, which the terminal does not interrupt", func(t *testing.T) {
		t.Parallel()
		cmd := exec.Command("/bin/sh", "-c", "read line")
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		p, err := Start(cmd, syscall.SIGKILL)
		if err != nil {
			t.Fatal(err)
		}
		if group, err := syscall.Getpgid(p.Pid()); err != nil || group != p.Pid() {
			t.Errorf("process %d is in group %d (%v)", p.Pid(), group, err)
		}
		stdin.Close()
		<-p.Done()
	})
}
