from rastervision.pipeline.runner.plan import Job
from rastervision.pipeline.runner.progress import Progress, last_line


def test_last_line_of_a_log_is_what_it_says(tmp_path):
    log = tmp_path / 'log'
    log.write_text('2026-11-21 12:38:59:rastervision.some.module: INFO - epoch 1: 3/9\n')

    assert last_line(str(log)) == 'epoch 1: 3/9'


def test_last_line_is_the_present_state_of_a_bar(tmp_path):
    log = tmp_path / 'log'
    log.write_bytes(b'first\nTraining:  10%\rTraining:  20%\r\n  \n')

    assert last_line(str(log)) == 'Training:  20%'


def test_nothing_printed_is_an_empty_line(tmp_path):
    log = tmp_path / 'log'
    log.touch()

    assert last_line(str(log)) == ''


def test_what_a_job_prints_is_repeated_now_and_then_if_it_is_new(capsys):
    job = Job(0, 'train', 0, 1, ())
    progress = Progress([job])
    progress.start(job)
    progress.look(job, 'not shown: it is too early')
    progress.seconds_between = 0
    for line in ('', 'epoch 1', 'epoch 1', '2026-11-21 12:38:59:some.module: INFO - epoch 2'):
        progress.look(job, line)

    assert capsys.readouterr().out.splitlines() == ['train: started', 'train: epoch 1', 'train: epoch 2']
