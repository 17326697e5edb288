-- what view quarantine shows of a partition
SELECT input_epoch, input_offset, event_id FROM {{database}}.quarantine WHERE input_partition = {partition:Int32}
