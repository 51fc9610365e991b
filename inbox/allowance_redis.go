package inbox

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

const allowancePrefix = "parley:allowance:"

// exchanging gives points back to a bucket, and takes as many as are wanted: fewer if there are fewer, and none at all if
// there are not enough. Clocks of processes differ a little; time goes by when the first of them says so, and never back.
var exchanging = redis.NewScript(`
	local now, size, restore = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
	local back, wanted, enough = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
	local bucket = redis.call('HMGET', KEYS[1], 'left', 'at')
	local left, at = tonumber(bucket[1]) or size, tonumber(bucket[2]) or now
	left = math.min(size, left + back + math.max(0, now - at) / 1000 * restore)
	local given = 0
	if left >= enough then given = math.min(wanted, math.floor(left)) end
	left = left - given
	redis.call('HSET', KEYS[1], 'left', string.format('%.6f', left), 'at', string.format('%.0f', math.max(now, at)))
	redis.call('PEXPIRE', KEYS[1], math.ceil((size - left) / restore * 1000) + 1000)
	return {given, string.format('%.6f', left)}`)

// exchange gives back what is left of a purse's slice, and takes a new one: wanted points, and at least enough. Not ok
// means that Redis is away.
func (a *Allowances) exchange(ctx context.Context, who string, p *purse, wanted, enough int) (given int, ok bool) {
	now := a.config.Now()
	key := allowancePrefix + a.config.Name + ":" + who
	err := a.patience.ask(ctx, func(ctx context.Context) error {
		back := p.slice
		p.slice = 0 // whether or not the answer arrives: points are given back once
		answer, err := exchanging.Run(ctx, a.config.Redis, []string{key},
			now.UnixMilli(), a.config.Size, strconv.FormatFloat(a.config.Restore, 'f', -1, 64), back, wanted, enough).Slice()
		if err != nil {
			return fmt.Errorf("ask for points: %w", err)
		}
		given, p.shared, err = readExchange(answer)
		return err
	})
	if err != nil {
		return 0, false
	}
	p.slice, p.at = given, now
	return given, true
}

func readExchange(answer []any) (given int, left float64, err error) {
	if len(answer) != 2 {
		return 0, 0, fmt.Errorf("read an allowance: %d values", len(answer))
	}
	n, _ := answer[0].(int64)
	text, _ := answer[1].(string)
	if left, err = strconv.ParseFloat(text, 64); err != nil {
		return 0, 0, fmt.Errorf("read an allowance: %w", err)
	}
	return int(n), left, nil
}
